"""How far a network's mouth follows: it hears the sound as if that were louder or quieter.

So it only ever hears what a sound can be. `played` 2 is 18 dB more, 0.5 as much less, 0 silence.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from audio.mel import SILENT
from wav2lip.generators.batch import Batch, Floats, Generator, Patches

STEP = 60.0  # decibels for a factor of ten
DECIBEL = 0.08  # of the mel's scale
HIGHEST = 8.0  # above silence; the scale ends there


def following(generator: Generator, strength: float) -> Generator:
    """The generator, given its sound at this strength; at 1 it is given what there is."""
    if strength == 1:
        return generator

    def followed(batches: Iterable[Batch]) -> Iterator[Patches]:
        return generator(replace(b, mels=played(b.mels, strength)) for b in batches)

    return followed


def played(mels: Floats, strength: float) -> Floats:
    """Mels of the sound, louder or quieter; silence stays silent."""
    if strength == 0:
        return np.full_like(mels, SILENT)
    above = mels - np.float32(SILENT)
    lift = np.float32(STEP * DECIBEL * math.log10(strength))
    # faint sounds are the room's: they are raised by no larger a share than the voice
    moved = above + (lift if strength < 1 else np.minimum(lift, np.float32(strength - 1) * above))
    return np.asarray(moved.clip(0, HIGHEST) + np.float32(SILENT), np.float32)
