"""A generated mouth and where it belongs, and the way there and back."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Box, Picture, Rect, Region
from blending.resample import CUBIC, Kernel, resampled

Floats = NDArray[np.float32]

SIDE = 96
FINEST = 16  # times: on faces of over 3000 pixels averaging more of them changes nothing


@dataclass(frozen=True)
class Patch:
    """A face of 96x96 pixels as the generator left it, and its map to the region it is for."""

    pixels: Picture | Region  # (96, 96, 3); not rounded once its colours are matched
    to_region: Affine
    source: Picture  # (96, 96, 3): the face that the generator was given

    def __post_init__(self) -> None:
        for picture in (self.pixels, self.source):
            if picture.shape != (SIDE, SIDE, 3):
                raise ValueError(f"a patch is {SIDE}x{SIDE} BGR, got {picture.shape}")

    @classmethod
    def placed(cls, pixels: Picture | Region, box: Box, rect: Rect, source: Picture) -> "Patch":
        """The generated face of `box`, for the frame's pixels `rect`."""
        to_frame = Affine.square_to_box(SIDE, box)
        return cls(pixels, to_frame.then(Affine.shift(-rect.left, -rect.top)), source)

    def onto(self, region: Region) -> Region:
        """The patch at the size and place of `region`, exact to a fraction of a pixel."""
        return self.warped(self.pixels.astype(np.float32), region)

    def warped(self, square: Floats, region: Region, kernel: Kernel = CUBIC) -> Floats:
        """A square (side, side, n) of what the patch shows, at the size and place of `region`."""
        shrunk = SIDE / len(square)
        to_region = Affine(shrunk, 0, 0, 0, shrunk, 0).then(self.to_region)
        return resampled(square, to_region, (region.shape[1], region.shape[0]), kernel)

    def seen_in(self, region: Region, margin: int = 0) -> tuple[slice, slice]:
        """The rows and columns of the patch that `region` shows, and so many more around them."""
        height, width = region.shape[:2]
        corners = self.to_region.inverse()(np.array([(0.0, 0.0), (width, height)]))
        first = np.floor(corners[0] - margin).clip(0, SIDE - 1).astype(int)
        last = np.ceil(corners[1] + margin).clip(1, SIDE).astype(int)
        return slice(first[1], last[1]), slice(first[0], last[0])


def cut(region: Region, rect: Rect, box: Box) -> Picture:
    """The face in `box` as 96x96, from the frame's pixels `rect`; averaged where it shrinks."""
    # a sample between four pixels is their mean, so half as many samples do
    fine = min(max(1, math.ceil(max(box.width, box.height) / SIDE / 2 - 0.25)), FINEST)
    to_square = Affine.square_to_box(SIDE * fine, box).inverse()
    to_square = Affine.shift(rect.left, rect.top).then(to_square)
    square = _warped(region, to_square, (SIDE * fine, SIDE * fine), cv2.INTER_LINEAR)
    small = cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA) if fine > 1 else square
    return np.clip(np.rint(small), 0, 255).astype(np.uint8)


def _warped(image: Floats, by: Affine, size: tuple[int, int], flags: int) -> Floats:
    matrix = by.warp_matrix()
    warped = cv2.warpAffine(image, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.float32)
