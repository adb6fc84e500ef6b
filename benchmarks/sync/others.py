"""How often a mouth is believed to speak with somebody else's sound."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations

import numpy as np

from audio.load import Sound
from quality.sync import Floats, loudness_of, sync_of

CHANCE = 0.02  # of such pairs may be believed
STEP = 1.5  # seconds by which the other's sound is turned from one pair to the next
NEAR = 1.2  # seconds from its own place that a mouth's own sound must lie


@dataclass(frozen=True, eq=False)
class Mouth:
    """What a mouth does and the sound that goes with it."""

    openings: Floats
    sound: Sound
    fps: Fraction

    def loudness(self, fps: Fraction) -> Floats:
        return loudness_of(self.sound, fps, max(1, int(self.sound.duration * fps)))


def wrongly_believed(mouths: Sequence[Mouth]) -> tuple[float, int]:
    """The share of pairs with more confidence than a half, and how many pairs there were."""
    found = [confidence > 0.5 for confidence in _confidences(mouths)]
    return (float(np.mean(found)) if found else 0.0), len(found)


def _confidences(mouths: Sequence[Mouth]) -> Iterator[float]:
    for one, other in permutations(mouths, 2):
        yield from _turned(one, other.loudness(one.fps), 0.0)
    for one in mouths:
        yield from _turned(one, one.loudness(one.fps), NEAR)


def _turned(mouth: Mouth, loudness: Floats, away: float) -> Iterator[float]:
    """The sound begun at other places and again at its end, `away` seconds from its own."""
    rate, count = float(mouth.fps), min(len(mouth.openings), len(loudness))
    for shift in np.arange(away * rate, count - away * rate, STEP * rate).astype(int):
        turned = np.roll(loudness[:count], shift)
        yield sync_of(mouth.openings[:count], turned, mouth.fps).confidence
