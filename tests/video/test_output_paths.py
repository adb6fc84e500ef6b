"""A file that cannot be written is refused before the work."""

import os
from pathlib import Path

import pytest

from base.errors import OutputError
from video.output_paths import check_output_path


def refusal(path):
    """The message of the OutputError."""
    with pytest.raises(OutputError) as caught:
        check_output_path(path, "--report")
    message = str(caught.value)
    assert "\n" not in message and "; give" in message
    return message


def test_new_files_and_folders_and_old_files_can_be_written(tmp_path):
    check_output_path(tmp_path / "a.json", "--report")
    check_output_path(tmp_path / "new" / "folders" / "a.json", "--report")
    (tmp_path / "there.json").touch()
    check_output_path(tmp_path / "there.json", "--report")
    assert [path.name for path in tmp_path.iterdir()] == ["there.json"]


def test_a_name_too_long_in_a_folder_that_is_not_there_yet(tmp_path):
    assert "name too long" in refusal(tmp_path / "new" / ("a" * 300) / "a.json")
    assert "name too long" in refusal(tmp_path / "new" / ("ü" * 130 + ".json"))


def test_the_target_of_a_link_is_checked(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "below").symlink_to(tmp_path / "file" / "a.json")
    (tmp_path / "ring").symlink_to(tmp_path / "ring")
    (tmp_path / "good").symlink_to(tmp_path / "new" / "a.json")
    assert "is a file, not a folder" in refusal(tmp_path / "below")
    assert "cannot be written" in refusal(tmp_path / "ring")
    check_output_path(tmp_path / "good", "--report")


def test_only_an_open_file_may_be_a_pipe(tmp_path):
    reads, writes = os.pipe()
    with open(reads), open(writes, "w"):  # noqa: PTH123  file descriptors
        check_output_path(Path(f"/dev/fd/{writes}"), "--report")
    os.mkfifo(tmp_path / "pipe")
    assert "is a pipe or device" in refusal(tmp_path / "pipe")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_new_file_among_the_devices():
    assert "may not be written" in refusal(Path("/dev/report.json"))


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no folder below /dev here")
def test_a_pipe_below_dev_is_a_pipe():
    pipe = Path(f"/dev/shm/wav2lip-test-{os.getpid()}")
    os.mkfifo(pipe)
    try:
        assert "is a pipe or device" in refusal(pipe)
    finally:
        pipe.unlink()


def test_another_user_s_file_in_a_folder_with_the_sticky_bit(tmp_path, monkeypatch):
    (tmp_path / "a.json").touch()
    monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
    check_output_path(tmp_path / "a.json", "--report")
    tmp_path.chmod(0o1777)
    assert "belongs to another user" in refusal(tmp_path / "a.json")
    check_output_path(tmp_path / "b.json", "--report")
