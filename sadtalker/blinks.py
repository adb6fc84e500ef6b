"""When the eyes close, as a number from 0 to 1 for every frame."""

from collections.abc import Iterator
from random import Random

import numpy as np
from numpy.typing import NDArray

CLOSING = (0.5, 0.9, 1.0, 0.9, 0.5)  # frames of a blink
SHORTEST_PAUSE, LONGEST_PAUSE = 10, 70  # frames between blinks: at least, and below this


def random_blinks(frames: int, seed: int) -> NDArray[np.float32]:
    """(frames,): blinks after pauses that the seed decides; none where there is no room."""
    closed = np.zeros(frames, np.float32)
    for start in _starts(frames, Random(seed)):  # noqa: S311  no secret
        closed[start : start + len(CLOSING)] = CLOSING
    return closed


def _starts(frames: int, random: Random) -> Iterator[int]:
    pauses = range(SHORTEST_PAUSE, min(frames // 2, LONGEST_PAUSE))
    start = 0
    while pauses:
        start += random.choice(pauses)
        if start + len(CLOSING) >= frames:
            return
        yield start
        start += len(CLOSING)
