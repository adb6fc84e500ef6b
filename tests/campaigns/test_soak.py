"""A long run: the same memory as a short one, and picture and sound end together.

`make soak MINUTES=60`: a short clip of 640x360, looped under so many minutes of sound.
"""

import json
import wave
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests.campaigns.runs import PORTRAIT, asked, ended, started
from tests.media import make_video

GROWTH = 1.05  # of the peak of one minute
INDEX = {"mkv": 0.0, "mp4": 80 / (1 << 20)}  # megabytes that FFmpeg keeps of every packet
FPS = 25


def speaker(number, width, height):
    """The portrait's face, moving a little."""
    picture = cv2.resize(cv2.imread(str(PORTRAIT)), (height, height))
    return np.roll(np.pad(picture, ((0, 0), (0, width - height), (0, 0))), 100 + number, axis=1)


def long_sound(path, minutes):
    """Hum and hush by turns, never twice the same minute."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        for minute in range(minutes):
            time = np.arange(16_000 * 60) / 16_000
            loud = np.sin(2 * np.pi * time / (3 + minute % 7)).clip(0) * 8000
            noise = np.random.default_rng(minute).normal(0, 1, len(time))
            file.writeframes((loud * noise / 3).clip(-32768, 32767).astype("<i2").tobytes())
    return path


def held(run):
    """How many threads and open files the process has."""
    place = Path(f"/proc/{run.pid}")
    return tuple(len(list((place / kind).iterdir())) for kind in ("task", "fd"))


def made(folder, minutes, ending):
    """A run in a process of its own: its report, and what it held early and late."""
    flags = {
        "face": folder / "clip.mp4",
        "audio": long_sound(folder / f"{minutes}.wav", minutes),
        "outfile": folder / f"{minutes}.{ending}",
        "report": folder / f"{minutes}.json",
        "cache_dir": folder / "cache",
    }
    run = started("--engine=puppet", "--preset=ultrafast", "--progress=json", **flags)
    frames = minutes * 60 * FPS
    early, late = (
        next(held(run) for line in run.stdout if f'"frames", "done": {done},' in line)
        for done in (frames // 10, frames * 9 // 10)
    )
    code, said = ended(run)
    assert code == 0, said
    return json.loads(flags["report"].read_text()), (early, late)


def lengths(path):
    """Seconds of picture and of sound, by what their packets state."""
    with av.open(str(path)) as video:
        ends = {"video": Fraction(0), "audio": Fraction(0)}
        for packet in video.demux():
            if packet.pts is not None:
                kind = packet.stream.type
                end = (packet.pts + packet.duration) * packet.time_base
                ends[kind] = max(ends[kind], end)
    return ends["video"], ends["audio"]


def packets(path):
    with av.open(str(path)) as video:
        return sum(packet.size > 0 for packet in video.demux())


@pytest.mark.campaign
@pytest.mark.parametrize("ending", INDEX)
def test_a_long_run_needs_the_memory_of_a_short_one(tmp_path, ending):
    """But for the index, which FFmpeg keeps until an MP4 is closed."""
    minutes = asked("MINUTES", 60)
    make_video(tmp_path / "clip.mp4", frames=250, size=(640, 360), draw=speaker)
    made(tmp_path, 1, ending)  # the next ones find the track of the clip in the cache
    short, _ = made(tmp_path, 1, ending)
    long, (early, late) = made(tmp_path, minutes, ending)
    result = tmp_path / f"{minutes}.{ending}"
    picture, sound = lengths(result)
    print(f"{ending}: {short['peak_memory_mb']:.1f} and {long['peak_memory_mb']:.1f} MB", end=" ")
    assert long["frames"] == minutes * 60 * FPS and early == late
    assert abs(picture - sound) <= Fraction(1, FPS) and picture == minutes * 60
    room = INDEX[ending] * packets(result)
    assert long["peak_memory_mb"] - room <= short["peak_memory_mb"] * GROWTH
