"""A long run: the same memory as a short one, and picture and sound end together.

`make soak MINUTES=60`: a short clip of 640x360, looped under so many minutes of sound.
"""

import json
import threading
import wave
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests.campaigns.runs import PORTRAIT, asked
from tests.media import make_video
from wav2lip.cli import main

GROWTH = 1.05  # of the peak of one minute
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


def held():
    return len(threading.enumerate()), len(list(Path("/proc/self/fd").iterdir()))


def made(folder, minutes):
    """One run in this process: its report, and the length of picture and sound."""
    flags = {
        "face": make_video(folder / "clip.mp4", frames=250, size=(640, 360), draw=speaker),
        "audio": long_sound(folder / f"{minutes}.wav", minutes),
        "outfile": folder / f"{minutes}.mp4",
        "report": folder / f"{minutes}.json",
    }
    words = [f"--{name}={value}" for name, value in flags.items()]
    before = held()
    code = main([*words, "--engine=puppet", f"--cache_dir={folder}/cache", "--preset=ultrafast"])
    assert code == 0
    assert held() == before
    return json.loads(flags["report"].read_text()), lengths(flags["outfile"])


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


@pytest.mark.campaign
def test_a_long_run_needs_the_memory_of_a_short_one(tmp_path, record_property):
    minutes = asked("MINUTES", 60)
    short, _ = made(tmp_path, 1)
    long, (picture, sound) = made(tmp_path, minutes)
    record_property("peaks", (short["peak_memory_mb"], long["peak_memory_mb"]))
    assert long["frames"] == minutes * 60 * FPS
    assert abs(picture - sound) <= Fraction(1, FPS) and picture == minutes * 60
    assert long["peak_memory_mb"] <= short["peak_memory_mb"] * GROWTH
