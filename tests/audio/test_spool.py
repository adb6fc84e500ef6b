import gc
import mmap
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from audio.spool import IN_MEMORY, Spool, give_back, pieces
from tests.shortage import no_file_over

ROOT = Path(__file__).parents[2]
FEW, MANY = 1000, IN_MEMORY  # numbers; four bytes each


def numbers(count):
    return np.random.default_rng(count).normal(0, 1, count).astype(np.float32)


def spooled(whole, step=99_999):
    spool = Spool()
    for first in range(0, len(whole), step):
        spool.add(whole[first : first + step])
    assert len(spool) == len(whole)
    return spool.array()


def in_file(array):
    owner = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    return isinstance(getattr(owner, "obj", owner), mmap.mmap)


@pytest.mark.parametrize("count", [1, FEW, MANY])
def test_all_come_back(count):
    whole = numbers(count)
    found = spooled(whole)
    assert np.array_equal(found, whole) and in_file(found) == (count == MANY)
    for part in pieces(found):
        assert len(part)
    assert np.array_equal(found, whole), "what was given back is there again"


def test_give_back_takes_any_array():
    give_back(np.zeros(5, np.float32))
    give_back(spooled(numbers(MANY)).reshape(-1, 4).T[:, 3:9])


@pytest.mark.parametrize("size", [0, IN_MEMORY // 2, IN_MEMORY + 500_000, 3 * IN_MEMORY])
def test_where_there_is_no_room_memory_must_do(size):
    whole = numbers(MANY)
    with no_file_over(size):
        found = spooled(whole)
    assert np.array_equal(found, whole) and not in_file(found)


def test_without_a_folder_for_it_memory_must_do(monkeypatch):
    def refused(**_):
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("audio.spool.TemporaryFile", refused)
    whole = numbers(MANY)
    assert np.array_equal(spooled(whole), whole)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="files are counted in /proc")
def test_the_file_is_gone_with_the_array():
    def opened():
        gc.collect()
        return len(list(Path("/proc/self/fd").iterdir()))

    before = opened()
    found = spooled(numbers(MANY))
    assert opened() == before + 1  # what is mapped
    del found
    assert opened() == before


PEAK = """
import sys
from fractions import Fraction
from pathlib import Path
from audio.load import load
from audio.windows import windows_of
windows = windows_of(load(Path(sys.argv[1])), Fraction(25))
for frame in range(0, len(windows), 8):
    windows.at(range(frame, min(frame + 8, len(windows))))
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count otherwise")
def test_five_minutes_of_sound_need_the_memory_of_one(tmp_path):
    """They took 21 MB more, and an hour 320."""

    def peak(minutes):
        path = tmp_path / f"{minutes}.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes((numbers(16_000 * 60) * 3000).astype("<i2").tobytes() * minutes)
        words = [sys.executable, "-c", PEAK, str(path)]
        run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
        return int(run.stdout) / 1024

    assert peak(5) < peak(1) + 8
