"""A face in the result beside the same cut of the source, and where in it the mouth is."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Point, Region
from quality.view import SIDE, Sight

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

HALF = 0.14 * SIDE  # of a mouth's width; the unit of lengths around it
TALL = 0.85  # height to width of the ovals around a mouth
TILES = 24  # across a crop
BESIDE = 0.09  # of the crop, at its left and right: beyond the face's box


@dataclass(frozen=True, eq=False)
class Pair:
    """Two crops of one size, and the middle of the mouth in both."""

    index: int
    after: Region  # (SIDE, SIDE, 3)
    before: Region
    mouth: Point

    @cached_property
    def apart(self) -> Region:
        return self.after - self.before

    @cached_property
    def lights(self) -> tuple[Floats, Floats]:
        """Luminance of the result and of the source."""
        return _light(self.after), _light(self.before)

    @cached_property
    def tiles(self) -> tuple[Floats, Floats]:
        """Mean colours, (TILES, TILES, 3) each: without grain or an encoder's noise."""
        return _tiled(self.after), _tiled(self.before)

    @cached_property
    def reach(self) -> Floats:
        """How far from the mouth each pixel is, in ovals; 1 is about the lips' outline."""
        across, down = _places(self.mouth, SIDE)
        return np.asarray(np.hypot(across, down / TALL), np.float32)

    @cached_property
    def down(self) -> Floats:
        """(SIDE, 1): how far below the mouth each row is."""
        return _places(self.mouth, SIDE)[1]

    def ring(self, inner: float, outer: float, lowest: float = 9.0) -> Bools:
        """Between two ovals around the mouth, no deeper than `lowest`."""
        return np.asarray((self.reach > inner) & (self.reach < outer) & (self.down < lowest))

    def tile_ring(self, inner: float, outer: float, lowest: float = 9.0) -> Bools:
        across, down = _places((self.mouth[0] * TILES / SIDE, self.mouth[1] * TILES / SIDE), TILES)
        reach = np.hypot(across, down / TALL)
        return np.asarray((reach > inner) & (reach < outer) & (down < lowest))


def pair_of(sight: Sight) -> Pair | None:
    """None where there is no face, or no source to compare it with."""
    before = sight.before
    if sight.crop is None or before is None or sight.landmarks is None:
        return None
    x, y = sight.landmarks[3:].mean(axis=0).tolist()
    after = sight.crop.astype(np.float32)
    return Pair(sight.index, after, before.astype(np.float32), (x, y))


def beside() -> Bools:
    """The tiles to both sides of the face's box."""
    far = np.abs((np.arange(TILES) + 0.5) / TILES - 0.5) > 0.5 - BESIDE
    return np.broadcast_to(far, (TILES, TILES))


def _places(middle: Point, side: int) -> tuple[Floats, Floats]:
    unit = HALF * side / SIDE
    steps = np.arange(side, dtype=np.float32) + np.float32(0.5)
    return (steps[None, :] - middle[0]) / unit, (steps[:, None] - middle[1]) / unit


def _light(picture: Region) -> Floats:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.float32)


def _tiled(picture: Region) -> Floats:
    small = cv2.resize(picture, (TILES, TILES), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)
