"""Runs side by side in one folder, on one cache, with the same inputs and with others.

`make crowd RUNS=50`.
"""

from collections import defaultdict
from hashlib import blake2b
from itertools import cycle, islice

import av
import pytest

from tests.campaigns.runs import PORTRAIT, asked, ended, left, started
from tests.checkpoints import ruled_weights, save_bare
from tests.media import make_sound

SOUNDS = 3


def pixels_of(path):
    digest = blake2b()
    with av.open(str(path)) as video:
        for frame in video.decode(video=0):
            digest.update(frame.to_ndarray().tobytes())
    return digest.hexdigest()


def inputs(folder, network):
    """Endless: flags of runs, again and again; one in five has the network, which is large."""
    sounds = [make_sound(folder / f"{n}.wav", seconds=0.4 + n / 5) for n in range(SOUNDS)]
    puppets = [("puppet", {"engine": "puppet"})] * 2
    if network:
        checkpoint = save_bare(ruled_weights(), folder / "wav2lip.pth")
        puppets.append(("network", {"checkpoint_path": checkpoint, "device": "cpu"}))
    engines = cycle([*puppets, *puppets[:2]])
    for (number, sound), (engine, flags) in zip(cycle(enumerate(sounds)), engines, strict=False):
        yield f"{engine} {number}", {**flags, "face": PORTRAIT, "audio": sound}


def crowd(folder, count, network):
    inputs_, out, cache = folder / "inputs", folder / "out", folder / "cache"
    inputs_.mkdir()
    every = list(islice(inputs(inputs_, network), count))
    runs = [
        started(outfile=out / f"{n}.mkv", cache_dir=cache, encoder="ffv1", **flags)
        for n, (_, flags) in enumerate(every)
    ]
    ends = [ended(run) for run in runs]
    assert [code for code, _ in ends] == [0] * count, [said for code, said in ends if code]
    assert left(out) == sorted(f"{n}.mkv" for n in range(count))
    seen = defaultdict(set)
    for n, (kind, _) in enumerate(every):
        seen[kind].add(pixels_of(out / f"{n}.mkv"))
    assert {kind: len(pixels) for kind, pixels in seen.items()} == dict.fromkeys(seen, 1)
    assert len(set.union(*seen.values())) == len(seen), "inputs that differ look different"
    assert {"tracks"} <= set(left(cache)) <= {"tracks", "compiled"}
    kept = [name for room in left(cache) for name in left(cache / room)]
    assert kept and all(len(name) == 32 for name in kept), kept


@pytest.mark.campaign
def test_a_crowd(tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    crowd(tmp_path, asked("RUNS", 50), network=True)
    assert left(temporary) == []


@pytest.mark.slow
def test_a_small_crowd(tmp_path):
    crowd(tmp_path, 4, network=False)
