"""The demo's speech at any length."""

import wave
from pathlib import Path

import numpy as np

from audio.load import SAMPLE_RATE, Samples, load_sound

SPEECH = Path(__file__).parents[2] / "demo" / "speech.m4a"


def make_speech(path: Path, seconds: float) -> Path:
    """Write a WAV of exactly so many seconds, the speech repeated or cut off."""
    return write_wav(path, np.resize(load_sound(SPEECH).samples, round(seconds * SAMPLE_RATE)))


def write_wav(path: Path, samples: Samples) -> Path:
    """Write the samples with 16 bits, mono, 16 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(np.rint(32767 * samples.clip(-1, 1)).astype("<i2").tobytes())
    return path
