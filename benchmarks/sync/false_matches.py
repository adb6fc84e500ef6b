"""How often a mouth is believed to speak with a sound that is not its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations

import numpy as np

from audio.load import Sound
from quality.sync import Floats, frame_loudness, measure_sync

MOST_BELIEVED = 0.02  # share of the pairs that may be believed by chance
STEP = 1.5  # seconds by which the sound is rotated from one pair to the next
OWN_DISTANCE = 1.2  # seconds: a mouth's own sound must be rotated at least so far


@dataclass(frozen=True, eq=False)
class Mouth:
    """A mouth's openings and the sound that belongs to them."""

    openings: Floats
    sound: Sound
    fps: Fraction

    def loudness(self, fps: Fraction) -> Floats:
        return frame_loudness(self.sound, fps, max(1, int(self.sound.duration * fps)))


def false_match_rate(mouths: Sequence[Mouth]) -> tuple[float, int]:
    """The share of foreign pairs with a confidence above a half, and how many pairs there were."""
    believed = [confidence > 0.5 for confidence in _confidences(mouths)]
    return (float(np.mean(believed)) if believed else 0.0), len(believed)


def _confidences(mouths: Sequence[Mouth]) -> Iterator[float]:
    for mouth, other in permutations(mouths, 2):
        yield from _rotated_confidences(mouth, other.loudness(mouth.fps), 0.0)
    for mouth in mouths:
        yield from _rotated_confidences(mouth, mouth.loudness(mouth.fps), OWN_DISTANCE)


def _rotated_confidences(mouth: Mouth, loudness: Floats, distance: float) -> Iterator[float]:
    """The confidences with the sound rotated by at least `distance` seconds from its place."""
    rate, count = float(mouth.fps), min(len(mouth.openings), len(loudness))
    for shift in np.arange(distance * rate, count - distance * rate, STEP * rate).astype(int):
        rotated = np.roll(loudness[:count], shift)
        yield measure_sync(mouth.openings[:count], rotated, mouth.fps).confidence
