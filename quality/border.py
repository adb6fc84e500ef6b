"""What shows where the new mouth ends: a seam, a step of colour."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from quality.comparison import CROP_SIDE
from quality.crop_pair import (
    HALF_MOUTH,
    Borders,
    CropPair,
    Floats,
    largest_step,
    no_borders,
    tiles_beside_face,
)
from quality.detail import disc

FRAME_STEP = 2  # every second frame is measured
FRAMES_AVERAGED = 4  # of those: a border stays where it is for half a second, speech does not
BLUR_SIGMA = 2.0  # pixels of a crop: what is steeper than this blur is a step
BORDER_SIGMA = 1.0  # the same where the border's place is known
# A step of 12 levels is 2.7 along its border, moving skin up to 1.1; farther out 1.5 shows.
BORDER_WEIGHT = 0.6
LIPS_RIM = 4  # pixels of a crop around lips that do not count
NEAREST, FARTHEST = 1.4, 3.4  # halves of a mouth: borders are looked for between these distances
RAY_ANGLES = np.radians(np.linspace(-205, 25, 47))  # over the top; below, the chin moves by itself


class Seam:
    """The steepest step in what was changed, on the way out of the mouth: levels a pixel.

    Beyond the lips it is the median over all directions to the sides and upwards, so that a cheek
    that moves in one of them does not count; close to them the mean along a border that a mask may
    have. The levels are those of the mean change in half a second.
    """

    def __init__(self) -> None:
        self._sum: Floats | None = None
        self._count = 0
        self._mouth = (0.0, 0.0)
        self._hidden = np.zeros((CROP_SIDE, CROP_SIDE), np.uint8)
        self._load_borders: Callable[[], Borders | None] = no_borders
        self._steps: list[float] = []

    def add(self, pair: CropPair) -> None:
        if pair.index % FRAME_STEP:
            return
        self._sum = pair.difference.copy() if self._sum is None else self._sum + pair.difference
        self._mouth, self._load_borders = pair.mouth, pair.load_borders
        for lips in pair.lips:
            cv2.fillPoly(self._hidden, [np.rint(lips - 0.5).astype(np.int32)], 1)
        self._count += 1
        if self._count == FRAMES_AVERAGED:
            self._finish_average()

    def value(self) -> float | None:
        if self._count and not self._steps:
            self._finish_average()
        return float(np.mean(self._steps)) if self._steps else None

    def _finish_average(self) -> None:
        assert self._sum is not None
        change, borders = self._sum / np.float32(self._count), self._load_borders()
        step = steepest_step(change, self._mouth)
        if borders is not None:
            step = max(step, self._step_at(borders, change))
        self._steps.append(step)
        self._sum, self._count = None, 0
        self._hidden[:] = 0

    def _step_at(self, borders: Borders, change: Floats) -> float:
        """The step along a mask's border, beyond lips that moved."""
        hidden = cv2.dilate(self._hidden, disc(LIPS_RIM)).astype(np.float32)
        soft = cv2.GaussianBlur(change, (0, 0), BORDER_SIGMA)
        return BORDER_WEIGHT * largest_step(np.asarray(soft, np.float32), borders, hidden)


def steepest_step(change: Floats, mouth: tuple[float, float]) -> float:
    """The steepest slope of the change along each ray from the mouth; of all rays the median."""
    soft = cv2.GaussianBlur(change, (0, 0), BLUR_SIGMA)
    slope_x, slope_y = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    slope = np.hypot(slope_x, slope_y).max(axis=2) / 8
    distances = np.arange(NEAREST * HALF_MOUTH, FARTHEST * HALF_MOUTH)
    columns = np.rint(mouth[0] + np.cos(RAY_ANGLES)[:, None] * distances - 0.5).astype(int)
    rows = np.rint(mouth[1] + np.sin(RAY_ANGLES)[:, None] * distances - 0.5).astype(int)
    inside = (columns >= 0) & (columns < CROP_SIDE) & (rows >= 0) & (rows < CROP_SIDE)
    along_rays = slope[rows.clip(0, CROP_SIDE - 1), columns.clip(0, CROP_SIDE - 1)]
    return float(np.median(np.where(inside, along_rays, 0).max(axis=1)))


class ColourStep:
    """The distance in Lab between skin beside the lips and the same skin in the source.

    A change that shows also beyond the face is the encoder's and is taken off.
    """

    def __init__(self) -> None:
        self._shifts: list[NDArray[np.float64]] = []

    def add(self, pair: CropPair) -> None:
        if pair.index % FRAME_STEP:
            return
        shift = _to_lab(pair.tiles[0]) - _to_lab(pair.tiles[1])
        skin = pair.tile_ring(1.25, 1.8, lowest=0.3)
        self._shifts.append(shift[skin].mean(axis=0) - shift[tiles_beside_face()].mean(axis=0))

    def value(self) -> float | None:
        if not self._shifts:
            return None
        return float(np.linalg.norm(np.median(self._shifts, axis=0)))


def _to_lab(tiles: Floats) -> Floats:
    return np.asarray(cv2.cvtColor(tiles / np.float32(255), cv2.COLOR_BGR2LAB), np.float32)
