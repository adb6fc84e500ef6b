"""Disks that are full, may not be written to, or go away: real ones, small, in memory."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.media import make_sound, make_video, noise
from tests.readback import frames_of

ROOT = Path(__file__).parents[2]
SIZE = 1 << 20  # bytes of the disk


def mounted(folder, *options):
    words = ["mount", "-t", "tmpfs", "-o", ",".join((f"size={SIZE}", *options)), "tmpfs", folder]
    return subprocess.run(words, capture_output=True).returncode == 0


@pytest.fixture
def disk(tmp_path):
    """An empty disk of one megabyte, with an earlier result on it."""
    place = tmp_path / "disk"
    place.mkdir()
    if shutil.which("mount") is None or not mounted(place):
        pytest.skip("no disk can be mounted here")
    (place / "r.mkv").write_text("earlier")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Two seconds of noise, which is far larger than faces that talk are estimated to be."""
    folder = tmp_path_factory.mktemp("inputs")
    make_video(folder / "noise.mp4", frames=50, size=(320, 240), draw=noise)
    make_sound(folder / "two.wav", seconds=2.0)
    make_sound(folder / "long.wav", seconds=300.0, rate=8000, channels=1)
    return folder


def begun(inputs, outfile, *more, audio="two.wav"):
    words = ["--face", inputs / "noise.mp4", "--audio", inputs / audio, "--outfile", outfile]
    words += [
        "--box",
        40,
        200,
        80,
        240,
        "--engine",
        "puppet",
        "--preset",
        "ultrafast",
    ]
    line = [sys.executable, str(ROOT / "inference_fast.py"), *map(str, [*words, *more])]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(running):
    _, errors = running.communicate()
    (line,) = errors.splitlines()
    return running.returncode, line


@pytest.mark.slow
def test_a_disk_that_gets_full_while_it_is_written(disk, inputs):
    code, line = ended(begun(inputs, disk / "r.mkv"))
    assert code == 6 and "no space left" in line and "free some space" in line
    assert str(disk / "r.mkv") in line
    assert [p.name for p in disk.iterdir()] == ["r.mkv"]
    assert (disk / "r.mkv").read_text() == "earlier"


def test_a_disk_that_is_known_to_be_too_small(disk, inputs):
    """Five minutes would be 7 MB of sound alone."""
    code, line = ended(begun(inputs, disk / "new" / "r.mkv", audio="long.wav"))
    assert code == 6 and "no room" in line and "--outfile" in line
    assert [p.name for p in disk.iterdir()] == ["r.mkv"]


def test_a_disk_that_may_not_be_written_to(disk, inputs):
    if subprocess.run(["mount", "-o", "remount,ro", disk], capture_output=True).returncode:
        pytest.skip("no disk can be mounted read-only here")
    code, line = ended(begun(inputs, disk / "r.mkv"))
    assert code == 6 and str(disk) in line and "--outfile" in line


@pytest.mark.slow
def test_a_report_on_a_full_disk(disk, inputs, tmp_path):
    """The video is elsewhere and stays; the earlier report, too."""
    (disk / "report.json").write_text("earlier")
    with (disk / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError, match="space"):
        while filler.write(bytes(4096)):
            pass
    code, line = ended(begun(inputs, tmp_path / "r.mkv", "--report", disk / "report.json"))
    assert code == 6 and str(disk / "report.json") in line and "is done" in line
    assert (disk / "report.json").read_text() == "earlier"
    assert sorted(p.name for p in disk.iterdir()) == ["filler", "r.mkv", "report.json"]
    assert len(frames_of(tmp_path / "r.mkv")) == 50


@pytest.mark.slow
@pytest.mark.parametrize("name", ["r.mkv", "r.mp4"])
def test_a_folder_that_goes_away(inputs, tmp_path, name):
    folder = tmp_path / "out"
    running = begun(inputs, folder / name, "--progress", "json", audio="two.wav")
    events = map(json.loads, running.stdout)
    assert any(e.get("stage") == "frames" and e.get("done") == 15 for e in events)
    shutil.rmtree(folder)
    code, line = ended(running)
    assert code == 6 and str(folder / name) in line and "folder" in line
    assert not folder.exists()
