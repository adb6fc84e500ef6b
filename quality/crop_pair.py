"""The face as it is in the result and in the source, both cut out alike, and where its mouth is."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Point, Region
from quality.comparison import CROP_SIDE, ComparedFrame

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

HALF_MOUTH = 0.14 * CROP_SIDE  # half a mouth's width in pixels; the unit of lengths around it
OVAL_HEIGHT = 0.85  # height to width of the ovals around a mouth
TILES = 24  # across a crop
BESIDE_FACE = 0.09  # of the crop's width, at its left and right: beyond the face's box


@dataclass(frozen=True, eq=False)
class CropPair:
    """Two crops of one size, and the middle of the mouth in both."""

    index: int  # of the frame
    result: Region  # (CROP_SIDE, CROP_SIDE, 3)
    source: Region
    mouth: Point  # in crop pixels

    @cached_property
    def difference(self) -> Region:
        """The result minus the source."""
        return self.result - self.source

    @cached_property
    def luminances(self) -> tuple[Floats, Floats]:
        """The luminance of the result and of the source."""
        return _luminance(self.result), _luminance(self.source)

    @cached_property
    def tiles(self) -> tuple[Floats, Floats]:
        """Mean colours of both, (TILES, TILES, 3) each: without grain or an encoder's noise."""
        return _tile_means(self.result), _tile_means(self.source)

    @cached_property
    def mouth_distance(self) -> Floats:
        """How far each pixel is from the mouth, in ovals; 1 is about the lips' outline."""
        x, y = _mouth_coordinates(self.mouth, CROP_SIDE)
        return np.asarray(np.hypot(x, y / OVAL_HEIGHT), np.float32)

    @cached_property
    def below_mouth(self) -> Floats:
        """(CROP_SIDE, 1): how far each row is below the mouth, in halves of its width."""
        return _mouth_coordinates(self.mouth, CROP_SIDE)[1]

    def ring(self, inner: float, outer: float, lowest: float = 9.0) -> Bools:
        """The pixels between two ovals around the mouth, no deeper than `lowest`."""
        distance = self.mouth_distance
        return np.asarray((distance > inner) & (distance < outer) & (self.below_mouth < lowest))

    def tile_ring(self, inner: float, outer: float, lowest: float = 9.0) -> Bools:
        """The tiles between two ovals around the mouth, no deeper than `lowest`."""
        mouth = self.mouth[0] * TILES / CROP_SIDE, self.mouth[1] * TILES / CROP_SIDE
        x, y = _mouth_coordinates(mouth, TILES)
        distance = np.hypot(x, y / OVAL_HEIGHT)
        return np.asarray((distance > inner) & (distance < outer) & (y < lowest))


def crop_pair_of(frame: ComparedFrame) -> CropPair | None:
    """The two crops of a frame; none where there is no face, or no source to compare it with."""
    source = frame.source_crop
    if frame.crop is None or source is None or frame.landmarks is None:
        return None
    x, y = frame.landmarks[3:].mean(axis=0).tolist()
    result = frame.crop.astype(np.float32)
    return CropPair(frame.index, result, source.astype(np.float32), (x, y))


def tiles_beside_face() -> Bools:
    """The tiles to both sides of the face's box."""
    outside = np.abs((np.arange(TILES) + 0.5) / TILES - 0.5) > 0.5 - BESIDE_FACE
    return np.broadcast_to(outside, (TILES, TILES))


def _mouth_coordinates(mouth: Point, side: int) -> tuple[Floats, Floats]:
    """x of each column and y of each row of a square, from the mouth, in halves of its width."""
    unit = HALF_MOUTH * side / CROP_SIDE
    centres = np.arange(side, dtype=np.float32) + np.float32(0.5)
    return (centres[None, :] - mouth[0]) / unit, (centres[:, None] - mouth[1]) / unit


def _luminance(picture: Region) -> Floats:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.float32)


def _tile_means(picture: Region) -> Floats:
    small = cv2.resize(picture, (TILES, TILES), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)
