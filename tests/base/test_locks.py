import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from base.locks import (
    ABANDONED_AFTER,
    LOCK,
    locked_file,
    locked_folder,
    remove_abandoned,
    replace_file,
    unique_mark,
)

ROOT = Path(__file__).parents[2]
OURS = re.compile(r"\.ours\.([0-9a-f]{16})")
KILLED = """
import os, signal, sys
from pathlib import Path
from base.locks import locked_file, locked_folder
with {maker}(Path(sys.argv[1]), ".ours."):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def old(path):
    os.utime(path, (time.time() - ABANDONED_AFTER - 60,) * 2)


def killed(folder, maker):
    words = [sys.executable, "-c", KILLED.format(maker=maker), str(folder)]
    assert subprocess.run(words, cwd=ROOT, timeout=60).returncode == -9
    (name,) = left(folder)
    return folder / name


def test_what_was_not_renamed_is_gone_at_the_end(tmp_path):
    with pytest.raises(KeyboardInterrupt), locked_file(tmp_path, "a{}.", ".mp4") as path:
        assert path.name.startswith("a{}.") and path.suffix == ".mp4"
        raise KeyboardInterrupt
    with locked_file(tmp_path, ".ours.") as path:
        path.replace(tmp_path / "kept")
    assert left(tmp_path) == ["kept"]


def test_what_is_gone_holds_no_space(tmp_path):
    """Not even where a library that failed to close it still has it open."""
    with pytest.raises(OSError), locked_file(tmp_path, ".ours.") as path:
        path.write_bytes(bytes(1000))
        still = path.open("rb")
        raise OSError
    with still:
        assert os.fstat(still.fileno()).st_size == 0


@pytest.mark.parametrize("maker", ["locked_file", "locked_folder"])
def test_what_a_killed_run_left_is_swept_at_once(tmp_path, maker):
    killed(tmp_path, maker)
    remove_abandoned(tmp_path, OURS)
    assert left(tmp_path) == []


@pytest.mark.parametrize("maker", [locked_file, locked_folder])
def test_what_is_being_made_is_never_swept(tmp_path, maker):
    """However long nothing was written: a run may be stopped and go on tomorrow."""
    with maker(tmp_path, ".ours.") as path:
        old(path)
        remove_abandoned(tmp_path, OURS)
        assert path.exists()


@pytest.mark.parametrize("maker", ["locked_file", "locked_folder"])
def test_what_another_kernel_runs_is_swept_once_it_has_rested(tmp_path, maker):
    """Its locks may not be known here."""
    foreign = killed(tmp_path, maker).rename(tmp_path / f".ours.{'0' * 16}")
    remove_abandoned(tmp_path, OURS)
    assert foreign.exists()
    old(foreign)
    remove_abandoned(tmp_path, OURS)
    assert not foreign.exists()


def test_a_folder_killed_before_its_lock_is_swept_once_it_has_rested(tmp_path):
    place = tmp_path / f".ours.{unique_mark()}"
    place.mkdir()
    remove_abandoned(tmp_path, OURS)
    assert place.exists()
    old(place)
    remove_abandoned(tmp_path, OURS)
    assert not place.exists()


def test_nothing_else_is_swept(tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / LOCK).touch()
    (tmp_path / f".ours.{unique_mark()}").symlink_to(tmp_path / "precious")
    (tmp_path / f".ours.{unique_mark()}x").touch()
    (tmp_path / f".theirs.{unique_mark()}").touch()
    before = left(tmp_path)
    for path in tmp_path.iterdir():
        old(path)
    remove_abandoned(tmp_path, OURS)
    assert left(tmp_path) == before and left(tmp_path / "precious") == [LOCK]


def test_a_folder_that_is_not_there_is_clean(tmp_path):
    remove_abandoned(tmp_path / "none", OURS)


def test_what_is_written_whole_goes_where_a_link_points(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "new" / "file")
    replace_file(tmp_path / "link", b"whole")
    assert (tmp_path / "new" / "file").read_bytes() == b"whole"
    assert left(tmp_path) == ["link", "new"] and left(tmp_path / "new") == ["file"]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files have other names")
def test_an_open_file_without_a_name_is_written_into(tmp_path):
    """As standard output may be; its link in /proc leads to "name (deleted)"."""
    with (tmp_path / "gone").open("w+b") as file:
        (tmp_path / "gone").unlink()
        replace_file(Path(f"/proc/self/fd/{file.fileno()}"), b"whole")
        assert file.read() == b"whole"
    assert left(tmp_path) == []


def test_what_cannot_be_written_whole_leaves_nothing(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        replace_file(tmp_path / "folder", b"whole")
    assert left(tmp_path) == ["folder"] and left(tmp_path / "folder") == []
