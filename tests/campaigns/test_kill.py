"""Killed at any moment: no hang, the right code, nothing under the output's name, nothing kept.

Every repetition of `make faults TIMES=100` has other moments: its SEED.
"""

import random
import signal
import time
from functools import cache

import pytest

from tests.campaigns.runs import PORTRAIT, asked, ended, left, started
from tests.checkpoints import ruled_weights, save_bare
from tests.media import make_sound
from tests.readback import frames_of

MOMENTS = asked("MOMENTS", 20)  # for each signal and engine
ENDS = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}
SOON = 3.0  # seconds: one, and as much as other programs may take of the machine
PYTHON = 0.1  # seconds in which Python itself starts, whose own end a signal is


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """The flags of a run for each engine."""
    made = tmp_path_factory.mktemp("kill")
    checkpoint = save_bare(ruled_weights(), made / "wav2lip.pth")
    common = {"face": PORTRAIT, "audio": make_sound(made / "sound.wav", seconds=2)}
    return {
        "puppet": {**common, "engine": "puppet"},
        "openvino": {**common, "checkpoint_path": checkpoint, "device": "cpu"},
    }


@pytest.fixture(scope="module")
def lasts(inputs, tmp_path_factory):
    @cache
    def seconds(engine):
        flags = inputs[engine]
        since = time.monotonic()
        folder = tmp_path_factory.mktemp("whole")
        code, said = ended(started(outfile=folder / "r.mp4", cache_dir=folder / "c", **flags))
        assert code == 0, said
        return time.monotonic() - since

    return seconds


def moments(seed, seconds, count):
    """All through the run, its first tenth of a second more than the rest."""
    chance = random.Random(seed)
    return [chance.choice([0.1, 1.0, 1.0, 1.0]) * chance.random() * seconds for _ in range(count)]


def killed(flags, folder, number, moment):
    """Checks one kill and the next run; gives the time between the signal and the end."""
    out, kept = folder / "out" / "r.mp4", folder / "cache"
    run = started(outfile=out, cache_dir=kept, **flags)
    time.sleep(moment)
    run.send_signal(number)
    since = time.monotonic()
    code, said = ended(run)
    lasted = time.monotonic() - since
    assert code in (0, ENDS[number]) or (moment < PYTHON and code in (-number, 1)), (code, said)
    assert code != ENDS[number] or number == signal.SIGKILL or len(said.splitlines()) == 1, said
    names = left(folder / "out")
    if number == signal.SIGKILL:
        assert "r.mp4" not in names or len(frames_of(out)) == 50
    else:
        assert names == (["r.mp4"] if out.exists() else [])
        assert not out.exists() or len(frames_of(out)) == 50
    return lasted


def cleaned(flags, folder):
    """The next run makes the whole video and leaves nothing else."""
    out, kept = folder / "out" / "r.mp4", folder / "cache"
    code, said = ended(started(outfile=out, cache_dir=kept, **flags))
    assert code == 0, said
    assert left(folder / "out") == ["r.mp4"] and len(frames_of(out)) == 50
    assert not [name for room in left(kept) for name in left(kept / room) if name[0] == "."]


@pytest.mark.campaign
@pytest.mark.parametrize("engine", ["puppet", "openvino"])
@pytest.mark.parametrize("number", ENDS)
def test_kills(inputs, lasts, tmp_path, record_property, number, engine):
    seed = asked("SEED", 1) * 1000 + number
    longest = 0.0
    for index, moment in enumerate(moments(seed, lasts(engine), MOMENTS)):
        folder = tmp_path / str(index)
        longest = max(longest, killed(inputs[engine], folder, number, moment))
        cleaned(inputs[engine], folder)
    record_property("longest", longest)
    assert longest < SOON


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
