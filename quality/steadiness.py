"""What trembles: skin that changes its light, a mouth that changes its place."""

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

from quality.crop_pair import HALF_MOUTH, CropPair, Floats

SKIN_RING = 1.2, 2.2  # halves of a mouth: skin that speech hardly moves
LOWEST = 0.3  # halves of a mouth below it: the chin is left out


class Flicker:
    """How much the skin around the mouth changes from frame to frame beyond the source: levels.

    A change that goes on in one direction for three frames is motion and does not count.
    """

    def __init__(self) -> None:
        self._last: deque[tuple[int, Floats]] = deque(maxlen=3)
        self._squares: list[float] = []

    def add(self, pair: CropPair) -> None:
        self._last.append((pair.index, pair.tiles[0] - pair.tiles[1]))
        if are_consecutive(self._last):
            (_, previous), (_, current), (_, following) = self._last
            jump = (current - (previous + following) / 2)[pair.tile_ring(*SKIN_RING, LOWEST)]
            self._squares.append(float(np.square(jump).mean()))

    def value(self) -> float | None:
        return float(np.sqrt(np.mean(self._squares))) if self._squares else None


class Jitter:
    """How far the mouth's surroundings hop against the head: percent of the mouth's width."""

    def __init__(self) -> None:
        self._last: deque[tuple[int, NDArray[np.float64]]] = deque(maxlen=3)
        self._squares: list[float] = []

    def add(self, pair: CropPair) -> None:
        self._last.append((pair.index, skin_shift(pair)))
        if are_consecutive(self._last):
            (_, previous), (_, current), (_, following) = self._last
            self._squares.append(float(np.square(current - (previous + following) / 2).sum()))

    def value(self) -> float | None:
        if not self._squares:
            return None
        return float(100 * np.sqrt(np.mean(self._squares)) / (2 * HALF_MOUTH))


def are_consecutive(
    last: "deque[tuple[int, NDArray[np.float64]]] | deque[tuple[int, Floats]]",
) -> bool:
    """Whether the last three measured frames directly follow each other."""
    return len(last) == 3 and last[2][0] - last[0][0] == 2


def skin_shift(pair: CropPair) -> NDArray[np.float64]:
    """x, y in pixels of the crop by which skin beside and above the mouth is off its source.

    To first order a shifted picture differs by its slopes. The source's luminance and a constant
    are fitted together with them, so that another light or contrast is not taken for a shift.
    """
    result, source = pair.luminances
    skin = pair.ring(1.05, 1.7, lowest=0.2)
    slope_x, slope_y = cv2.Sobel(source, cv2.CV_32F, 1, 0), cv2.Sobel(source, cv2.CV_32F, 0, 1)
    light = source[skin]
    shifts = slope_x[skin] / -8, slope_y[skin] / -8
    model = np.stack([*shifts, light, np.ones_like(light)], axis=1)
    square = model.T @ model + np.diag([1e-3, 1e-3, 1e-3, 1e-3]).astype(np.float32)
    fitted = np.linalg.solve(square.astype(np.float64), model.T @ (result - source)[skin])
    return np.asarray(fitted[:2], np.float64)
