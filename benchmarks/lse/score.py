"""The lip-sync error as papers state it, from what SyncNet makes of lips and of sound."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

REACH = 15  # frames of 40 ms that the sound is moved to both sides
SMALL = 1e-6  # added to every difference, as the published figures have it


@dataclass(frozen=True)
class Lse:
    """Lower distance, higher confidence: better."""

    distance: float  # LSE-D: the mean distance of lips and sound where they fit best
    confidence: float  # LSE-C: by how much that is less than the median of all shifts
    offset: int  # frames of 40 ms; + : the lips come later than the sound


def lse_of(lips: Floats, sounds: Floats) -> Lse:
    """Of embeddings (frames, n), a row for every 40 ms of both."""
    if lips.shape != sounds.shape or lips.ndim != 2 or not len(lips):
        raise ValueError(f"embeddings of lips {lips.shape} and of sound {sounds.shape} differ")
    padded = np.pad(sounds, ((REACH, REACH), (0, 0)))
    shifts = range(2 * REACH + 1)
    means = np.array([_distance(lips, padded[shift : shift + len(lips)]) for shift in shifts])
    best = int(means.argmin())
    confidence = float(np.sort(means)[REACH] - means[best])
    return Lse(float(means[best]), confidence, REACH - best)


def _distance(one: Floats, other: Floats) -> float:
    return float(np.sqrt(np.square(one - other + SMALL).sum(axis=1)).mean())
