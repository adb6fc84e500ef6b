"""The sound that moves the mouth, where it is not the one that is heard."""

from fractions import Fraction
from pathlib import Path

import numpy as np

from audio.load import SAMPLE_RATE, Sound, load_sound

TOLERANCE = Fraction(1, 2)  # seconds by which the two may differ in length without a notice


def mouth_audio(
    path: Path | None, heard: Sound, max_seconds: float
) -> tuple[Sound, tuple[str, ...]]:
    """The sound in `path`, made as long as what is heard, and what the user should know of it.

    Without a path it is the sound that is heard.
    """
    if path is None:
        return heard, ()
    drive = load_sound(path, max_seconds)
    return drive.with_length(len(heard.samples)), _notices(drive, heard)


def _notices(drive: Sound, heard: Sound) -> tuple[str, ...]:
    longer = drive.duration - heard.duration
    if abs(longer) <= TOLERANCE:
        return ()
    end = "what is longer is left out" if longer > 0 else "the mouth rests after its end"
    mouth, ear = float(drive.duration), float(heard.duration)
    return (f"--drive_audio lasts {mouth:.2f} s, --audio {ear:.2f} s: {end}",)


def silence(seconds: Fraction) -> Sound:
    """At least one sample of it."""
    return Sound(np.zeros(1, np.float32)).with_length(max(1, round(seconds * SAMPLE_RATE)))
