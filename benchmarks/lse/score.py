"""The lip-sync error as papers state it, from SyncNet's embeddings of lips and of sound."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_SHIFT = 15  # frames of 40 ms that the sound is moved to both sides
EPSILON = 1e-6  # added to every difference, as in the published figures


@dataclass(frozen=True)
class LseScore:
    """A lower distance and a higher confidence are better."""

    distance: float  # LSE-D: the mean distance of lips and sound where they fit best
    confidence: float  # LSE-C: by how much that is less than the median of all shifts
    offset: int  # frames of 40 ms; + : the lips come later than the sound


def score_embeddings(lips: Floats, sounds: Floats) -> LseScore:
    """The scores of two (frames, n) embeddings, a row for every 40 ms of both."""
    if lips.shape != sounds.shape or lips.ndim != 2 or not len(lips):
        raise ValueError(f"embeddings of lips {lips.shape} and of sound {sounds.shape} differ")
    padded = np.pad(sounds, ((MOST_SHIFT, MOST_SHIFT), (0, 0)))
    shifts = range(2 * MOST_SHIFT + 1)
    means = np.array([_mean_distance(lips, padded[start : start + len(lips)]) for start in shifts])
    best = int(means.argmin())
    confidence = float(np.sort(means)[MOST_SHIFT] - means[best])
    return LseScore(float(means[best]), confidence, MOST_SHIFT - best)


def _mean_distance(first: Floats, second: Floats) -> float:
    return float(np.sqrt(np.square(first - second + EPSILON).sum(axis=1)).mean())
