"""The lips of an average face, for one whose lips nobody saw."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from base.geometry import Affine, Landmarks, Points
from base.lips import Lips

LANDMARKS = 5  # rows of the file before those of the lips
FILE = Path(__file__).with_name("average_lips.npy")  # the mean of three faces seen from the front


def average_lips(landmarks: Landmarks) -> Lips:
    """Closed lips and a mesh where the five landmarks are those of a face."""
    average = _average()
    to_face = Affine.similarity(average[:LANDMARKS], landmarks.points())
    return Lips(to_face(average[LANDMARKS:]).astype(np.float32))


@lru_cache(maxsize=1)
def _average() -> Points:
    """(5 + base.lips.POINTS, 2), in any unit."""
    return np.asarray(np.load(FILE), np.float64)
