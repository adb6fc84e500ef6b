"""Numbers come back as they were, with bounded memory and without a file left behind."""

import gc
import mmap
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from audio.spool import MAX_BUFFER_BYTES, Spool, chunks, release_pages
from tests.shortage import no_file_over
from tests.slow import slow

ROOT = Path(__file__).parents[2]
FEW, MANY = 1000, MAX_BUFFER_BYTES  # numbers; four bytes each


def numbers(count):
    return np.random.default_rng(count).normal(0, 1, count).astype(np.float32)


def spooled(whole, step=99_999):
    """The numbers, added to a spool in parts and read back."""
    spool = Spool()
    for first in range(0, len(whole), step):
        spool.add(whole[first : first + step])
    assert len(spool) == len(whole)
    return spool.array()


def in_file(array):
    """Whether the array is mapped from a file."""
    owner = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    return isinstance(getattr(owner, "obj", owner), mmap.mmap)


@pytest.mark.parametrize("count", [1, FEW, MANY])
def test_numbers_come_back(count):
    whole = numbers(count)
    array = spooled(whole)
    assert np.array_equal(array, whole) and in_file(array) == (count == MANY)
    for part in chunks(array):
        assert len(part)
    assert np.array_equal(array, whole), "released pages are read again"


def test_release_pages_takes_any_array():
    release_pages(np.zeros(5, np.float32))
    release_pages(spooled(numbers(MANY)).reshape(-1, 4).T[:, 3:9])


@pytest.mark.parametrize(
    "size", [0, MAX_BUFFER_BYTES // 2, MAX_BUFFER_BYTES + 500_000, 3 * MAX_BUFFER_BYTES]
)
def test_on_a_full_disk_numbers_stay_in_memory(size):
    whole = numbers(MANY)
    with no_file_over(size):
        array = spooled(whole)
    assert np.array_equal(array, whole) and not in_file(array)


def test_without_a_temporary_folder_numbers_stay_in_memory(monkeypatch):
    def refused(**_):
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    whole = numbers(MANY)
    assert np.array_equal(spooled(whole), whole)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="files are counted in /proc")
def test_the_file_is_gone_with_the_array():
    def open_files():
        gc.collect()
        return len(list(Path("/proc/self/fd").iterdir()))

    before = open_files()
    array = spooled(numbers(MANY))
    assert open_files() == before + 1  # the mapping
    del array
    assert open_files() == before


PEAK = """
import sys
from fractions import Fraction
from pathlib import Path
from audio.load import load_sound
from audio.vads import VADS
from audio.windows import VadSettings, windows_of
path, vad, length = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
sound = load_sound(path)
sound = sound.with_length(int(length * len(sound.samples)))
settings = VadSettings(VADS[vad](), speech_only=vad == "silero")
windows = windows_of(sound, Fraction(25), settings=settings)
del sound
for frame in range(0, len(windows), 8):
    windows.at(range(frame, min(frame + 8, len(windows))))
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count otherwise")
@pytest.mark.parametrize(
    ("vad", "length"),
    [
        ("energy", 1),
        slow("energy", 1.5, id="a driving sound that is too short"),
        slow("energy", 0.9, id="a driving sound that is too long"),
        slow("silero", 1),
    ],
)
def test_five_minutes_of_sound_need_the_memory_of_one(tmp_path, vad, length):
    """All in memory, they would need 21 MB more, and an hour 320."""

    def peak(minutes):
        path = tmp_path / f"{minutes}.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes((numbers(16_000 * 60) * 3000).astype("<i2").tobytes() * minutes)
        words = [sys.executable, "-c", PEAK, str(path), vad, str(length)]
        run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
        return int(run.stdout) / 1024

    assert peak(5) < peak(1) + 8
