"""Lip strength for a network: its mel is that of the same sound played louder or quieter.

So its input always is the mel of a possible sound. Strength 2 is 18 dB louder, 0.5 is 18 dB
quieter, 0 is silence.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from audio.mel import SILENCE_LEVEL
from base.generator import Batch, Floats, Generator, Patches

DB_PER_DECADE = 60.0  # decibels for a strength of ten
MEL_PER_DB = 0.08  # units of the mel's scale for a decibel
MEL_RANGE = 8.0  # from silence to the end of the mel's scale


def with_strength(generator: Generator, strength: float) -> Generator:
    """Return a generator whose batches' mels are scaled by `strength`; at 1 nothing changes."""
    if strength == 1:
        return generator

    def scaled(batches: Iterable[Batch]) -> Iterator[Patches]:
        return generator(replace(b, mels=mel_at_gain(b.mels, strength)) for b in batches)

    return scaled


def mel_at_gain(mels: Floats, strength: float) -> Floats:
    """Return the mels of the sound played louder or quieter; silence stays silent."""
    if strength == 0:
        return np.full_like(mels, SILENCE_LEVEL)
    above = mels - np.float32(SILENCE_LEVEL)
    lift = np.float32(DB_PER_DECADE * MEL_PER_DB * math.log10(strength))
    # faint sounds are the room's noise: they are raised by no larger a share than the voice
    scaled = above + (lift if strength < 1 else np.minimum(lift, np.float32(strength - 1) * above))
    return np.asarray(scaled.clip(0, MEL_RANGE) + np.float32(SILENCE_LEVEL), np.float32)
