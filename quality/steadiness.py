"""What trembles: skin that changes its light, a mouth that changes its place."""

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

from quality.pair import HALF, Floats, Pair

AROUND = 1.2, 2.2  # halves of a mouth: skin that speech hardly moves
LEVEL = 0.3  # and not the chin


class Flicker:
    """How much the skin around the mouth changes from frame to frame beyond the source: levels.

    What goes on in one direction for three frames is motion, and counts as none.
    """

    def __init__(self) -> None:
        self._last: deque[tuple[int, Floats]] = deque(maxlen=3)
        self._squares: list[float] = []

    def look(self, pair: Pair) -> None:
        self._last.append((pair.index, pair.tiles[0] - pair.tiles[1]))
        if in_a_row(self._last):
            (_, before), (_, now), (_, after) = self._last
            jump = (now - (before + after) / 2)[pair.tile_ring(*AROUND, LEVEL)]
            self._squares.append(float(np.square(jump).mean()))

    def value(self) -> float | None:
        return float(np.sqrt(np.mean(self._squares))) if self._squares else None


class Jitter:
    """How far the mouth's surroundings hop against the head: percent of the mouth's width."""

    def __init__(self) -> None:
        self._last: deque[tuple[int, NDArray[np.float64]]] = deque(maxlen=3)
        self._squares: list[float] = []

    def look(self, pair: Pair) -> None:
        self._last.append((pair.index, shift_of(pair)))
        if in_a_row(self._last):
            (_, before), (_, now), (_, after) = self._last
            self._squares.append(float(np.square(now - (before + after) / 2).sum()))

    def value(self) -> float | None:
        if not self._squares:
            return None
        return float(100 * np.sqrt(np.mean(self._squares)) / (2 * HALF))


def in_a_row(last: "deque[tuple[int, NDArray[np.float64]]] | deque[tuple[int, Floats]]") -> bool:
    return len(last) == 3 and last[2][0] - last[0][0] == 2


def shift_of(pair: Pair) -> NDArray[np.float64]:
    """x, y in pixels of the crop by which skin beside and above the mouth lies off its source.

    To first order a shifted picture differs by its slopes; another light and contrast are no shift.
    """
    after, before = pair.lights
    skin = pair.ring(1.05, 1.7, lowest=0.2)
    across, down = cv2.Sobel(before, cv2.CV_32F, 1, 0), cv2.Sobel(before, cv2.CV_32F, 0, 1)
    light = before[skin]
    ways = np.stack([across[skin] / -8, down[skin] / -8, light, np.ones_like(light)], axis=1)
    square = ways.T @ ways + np.diag([1e-3, 1e-3, 1e-3, 1e-3]).astype(np.float32)
    found = np.linalg.solve(square.astype(np.float64), ways.T @ (after - before)[skin])
    return np.asarray(found[:2], np.float64)
