"""The sound that moves the mouth, where that is not the one that is heard."""

from fractions import Fraction
from pathlib import Path

from audio.load import Sound, load

APART = Fraction(1, 2)  # seconds by which a voice may be longer or shorter without a word


def driving(path: Path | None, heard: Sound, most_seconds: float) -> tuple[Sound, tuple[str, ...]]:
    """What moves the mouth, as long as what is heard; and what the user should know of it."""
    if path is None:
        return heard, ()
    drive = load(path, most_seconds)
    return drive.lasting(len(heard.samples)), _notices(drive, heard)


def _notices(drive: Sound, heard: Sound) -> tuple[str, ...]:
    apart = drive.duration - heard.duration
    if abs(apart) <= APART:
        return ()
    what = "what is longer is left out" if apart > 0 else "the mouth rests after its end"
    mouth, ear = float(drive.duration), float(heard.duration)
    return (f"--drive_audio lasts {mouth:.2f} s, --audio {ear:.2f} s: {what}",)
