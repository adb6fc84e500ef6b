"""Killed at any moment: no hang, the right code, nothing under the output's name, nothing kept.

`make faults TIMES=100`: a hundred rounds, each with other moments, signals and engines.
"""

import random
import re
import shutil
import signal
import time
from functools import cache
from pathlib import Path

import pytest

from tests.campaigns.runs import PORTRAIT, asked, ended, left, started
from tests.checkpoints import ruled_weights, save_bare
from tests.media import make_sound
from tests.readback import frames_of

MOMENTS = 20  # of a round, each with some signal and engine
ENDS = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}
FRAMES = 25
ENGINES = ["puppet"] * 4 + ["openvino"]  # the second starts four times as slowly
EMPTY = 0.25  # of the runs have an empty cache
SOON = 3.0  # seconds from a signal to the end, beside what a whole run takes on this machine


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """The flags of a run for each engine."""
    made = tmp_path_factory.mktemp("kill")
    checkpoint = save_bare(ruled_weights(), made / "wav2lip.pth")
    common = {"face": PORTRAIT, "audio": make_sound(made / "sound.wav", seconds=FRAMES / 25)}
    return {
        "puppet": {**common, "engine": "puppet"},
        "openvino": {**common, "checkpoint_path": checkpoint, "device": "cpu"},
    }


@pytest.fixture(scope="module")
def lasts(inputs, tmp_path_factory):
    """Seconds of a whole run with an empty cache, and with a full one."""

    @cache
    def seconds(engine):
        folder = tmp_path_factory.mktemp("whole")
        since = time.monotonic()
        cleaned(inputs[engine], folder)
        full = time.monotonic()
        cleaned(inputs[engine], folder)
        return full - since, time.monotonic() - full

    return seconds


def moment(chance, seconds):
    """All through the run, its first tenth of a second more than the rest."""
    return chance.choice([0.1, 1.0, 1.0, 1.0]) * chance.random() * seconds


def hears(run):
    """Whether the program handles SIGTERM by now; until then Python itself starts."""
    status = Path(f"/proc/{run.pid}/status").read_text()
    handled = int(re.search(r"SigCgt:\s+(\w+)", status)[1], 16)
    return bool(handled >> signal.SIGTERM - 1 & 1)


def killed(flags, folder, number, moment, most):
    """Checks one kill, and that there are at most so many seconds from the signal to the end."""
    out = folder / "out" / "r.mp4"
    run = started(outfile=out, cache_dir=folder / "cache", **flags)
    time.sleep(moment)
    early = not hears(run) and not out.exists()
    run.send_signal(number)
    since = time.monotonic()
    code, said = ended(run)
    lasted = time.monotonic() - since
    what = code, said, flags.get("engine", "network"), number, moment, lasted
    assert code in (0, ENDS[number]) or (early and code in (-number, 1)), what
    assert lasted < most, what
    assert not out.exists() or len(frames_of(out)) == FRAMES
    assert code != 0 or out.exists()
    if number != signal.SIGKILL:
        assert code != ENDS[number] or len(said.splitlines()) == 1, said
        assert not half_made(folder)


def half_made(folder):
    """What is there besides the video and entries of the cache."""
    return list(folder.rglob(".*"))


def cleaned(flags, folder):
    """The next run makes the whole video and leaves nothing else."""
    out = folder / "out" / "r.mp4"
    code, said = ended(started(outfile=out, cache_dir=folder / "cache", **flags))
    assert code == 0, said
    assert left(folder / "out") == ["r.mp4"] and len(frames_of(out)) == FRAMES
    assert not half_made(folder)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("killed")


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(1, asked("TIMES", 1) + 1))
def test_twenty_kills(inputs, lasts, place, seed):
    chance = random.Random(seed)
    for _ in range(MOMENTS):
        number, engine = chance.choice(list(ENDS)), chance.choice(ENGINES)
        folder, empty = place / engine, chance.random() < EMPTY
        if empty:
            shutil.rmtree(folder / "cache", ignore_errors=True)
        shutil.rmtree(folder / "out", ignore_errors=True)
        whole = lasts(engine)[0 if empty else 1]
        killed(inputs[engine], folder, number, moment(chance, whole), SOON + whole)
        if number == signal.SIGKILL:
            cleaned(inputs[engine], folder)


@pytest.mark.slow
def test_a_kill_amid_the_frames(tmp_path):
    """The next run into the folder cleans up, whatever it is to write."""
    sound = make_sound(tmp_path / "sound.wav", seconds=0.8)
    flags = {"face": PORTRAIT, "audio": sound, "engine": "puppet", "cache_dir": tmp_path / "cache"}
    run = started("--progress=json", outfile=tmp_path / "out" / "a.mp4", **flags)
    assert any('"stage": "frames"' in line and '"done": 9' in line for line in run.stdout)
    run.kill()
    assert ended(run)[0] == -signal.SIGKILL
    (partial,) = left(tmp_path / "out")
    assert partial.startswith(".a.mp4.")
    assert ended(started(outfile=tmp_path / "out" / "b.mp4", **flags))[0] == 0
    assert left(tmp_path / "out") == ["b.mp4"]
