"""What shows where the new mouth ends: a seam, a step of colour."""

import cv2
import numpy as np
from numpy.typing import NDArray

from quality.pair import HALF, Floats, Pair, beside
from quality.view import SIDE

EVERY = 2  # frames
TOGETHER = 4  # looked at, of those: a border stays where it is for half a second, speech does not
SOFT = 2.0  # pixels of a crop: what is steeper is a step
NEAREST, FARTHEST = 1.4, 3.4  # halves of a mouth: where borders are looked for
RAYS = np.radians(np.linspace(-205, 25, 47))  # over the top; below, the chin moves by itself


class Seam:
    """The steepest step in what was changed, on the way out of the mouth: levels a pixel.

    The middle one of all directions to the sides and upwards, so that a cheek that moves in one
    of them is none; `levels` are those of the mean change in half a second.
    """

    def __init__(self) -> None:
        self._sum: Floats | None = None
        self._count = 0
        self._mouth = (0.0, 0.0)
        self._steps: list[float] = []

    def look(self, pair: Pair) -> None:
        if pair.index % EVERY:
            return
        self._sum = pair.apart.copy() if self._sum is None else self._sum + pair.apart
        self._mouth = pair.mouth
        self._count += 1
        if self._count == TOGETHER:
            self._close()

    def value(self) -> float | None:
        if self._count and not self._steps:
            self._close()
        return float(np.mean(self._steps)) if self._steps else None

    def _close(self) -> None:
        assert self._sum is not None
        self._steps.append(steepest(self._sum / np.float32(self._count), self._mouth))
        self._sum, self._count = None, 0


def steepest(change: Floats, mouth: tuple[float, float]) -> float:
    """Along each ray the steepest place of the change; of all rays the middle one."""
    soft = cv2.GaussianBlur(change, (0, 0), SOFT)
    across, down = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    slope = np.hypot(across, down).max(axis=2) / 8
    far = np.arange(NEAREST * HALF, FARTHEST * HALF)
    columns = np.rint(mouth[0] + np.cos(RAYS)[:, None] * far - 0.5).astype(int)
    rows = np.rint(mouth[1] + np.sin(RAYS)[:, None] * far - 0.5).astype(int)
    inside = (columns >= 0) & (columns < SIDE) & (rows >= 0) & (rows < SIDE)
    seen = np.where(inside, slope[rows.clip(0, SIDE - 1), columns.clip(0, SIDE - 1)], 0)
    return float(np.median(seen.max(axis=1)))


class ColourStep:
    """How far skin beside the lips lies from the source's colour: distance in Lab.

    What changed beyond the face, an encoder's doing, is no step.
    """

    def __init__(self) -> None:
        self._shifts: list[NDArray[np.float64]] = []

    def look(self, pair: Pair) -> None:
        if pair.index % EVERY:
            return
        shift = _lab(pair.tiles[0]) - _lab(pair.tiles[1])
        skin = pair.tile_ring(1.25, 1.8, lowest=0.3)
        self._shifts.append(shift[skin].mean(axis=0) - shift[beside()].mean(axis=0))

    def value(self) -> float | None:
        if not self._shifts:
            return None
        return float(np.linalg.norm(np.median(self._shifts, axis=0)))


def _lab(tiles: Floats) -> Floats:
    return np.asarray(cv2.cvtColor(tiles / np.float32(255), cv2.COLOR_BGR2LAB), np.float32)
