"""A generated face of 96x96 pixels and its place in a frame; cutting such faces from frames."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Box, Picture, Rect, Region
from blending.resample import CUBIC, Kernel, resample
from blending.texture import Texture

Floats = NDArray[np.float32]

SIDE = 96  # pixels
MAX_OVERSAMPLING = 16  # on faces of over 3000 pixels averaging more samples changes nothing


@dataclass(frozen=True)
class Patch:
    """The generator's output, and the map from its pixels to the region it is blended into."""

    pixels: Picture | Region  # (96, 96, 3); not rounded after its colours were matched
    to_region: Affine
    source: Picture  # (96, 96, 3): the face that the generator was fed
    texture: Texture | None = None  # what the clip shows of this person's lips, if they are seen

    def __post_init__(self) -> None:
        for picture in (self.pixels, self.source):
            if picture.shape != (SIDE, SIDE, 3):
                raise ValueError(f"a patch is {SIDE}x{SIDE} BGR, got {picture.shape}")

    @classmethod
    def for_box(
        cls,
        pixels: Picture | Region,
        box: Box,
        rect: Rect,
        source: Picture,
        texture: Texture | None = None,
    ) -> "Patch":
        """The patch of the face in `box`, to be blended into the frame's pixels `rect`."""
        to_frame = Affine.square_to_box(SIDE, box)
        return cls(pixels, to_frame.then(Affine.shift(-rect.left, -rect.top)), source, texture)

    def warp_pixels(self, region: Region) -> Region:
        """Return the patch's pixels at the size and place of `region`, to a fraction of a pixel."""
        return self.warp(self.pixels.astype(np.float32), region)

    def warp(self, square: Floats, region: Region, kernel: Kernel = CUBIC) -> Floats:
        """Return a (side, side, n) array that covers the patch at the size and place of `region`.

        Only the size of `region` is used.
        """
        scale = SIDE / len(square)
        to_region = Affine(scale, 0, 0, 0, scale, 0).then(self.to_region)
        return resample(square, to_region, (region.shape[1], region.shape[0]), kernel)

    def visible_slices(self, region: Region, margin: int = 0) -> tuple[slice, slice]:
        """The patch's rows and columns that lie in `region`, and `margin` more on every side."""
        height, width = region.shape[:2]
        corners = self.to_region.inverse()(np.array([(0.0, 0.0), (width, height)]))
        first = np.floor(corners[0] - margin).clip(0, SIDE - 1).astype(int)
        last = np.ceil(corners[1] + margin).clip(1, SIDE).astype(int)
        return slice(first[1], last[1]), slice(first[0], last[0])


def cut_square(region: Region, rect: Rect, box: Box) -> Picture:
    """Return the face in `box` as 96x96, from the frame's pixels `rect`; averages if it shrinks."""
    # a sample between four pixels is their mean, so half as many samples are enough
    factor = max(1, math.ceil(max(box.width, box.height) / SIDE / 2 - 0.25))
    factor = min(factor, MAX_OVERSAMPLING)
    side = SIDE * factor
    to_square = Affine.square_to_box(side, box).inverse()
    to_square = Affine.shift(rect.left, rect.top).then(to_square)
    samples = _warp(region, to_square, (side, side), cv2.INTER_LINEAR)
    size = (SIDE, SIDE)
    small = cv2.resize(samples, size, interpolation=cv2.INTER_AREA) if factor > 1 else samples
    return np.clip(np.rint(small), 0, 255).astype(np.uint8)


def _warp(image: Floats, to_target: Affine, size: tuple[int, int], flags: int) -> Floats:
    matrix = to_target.warp_matrix()
    warped = cv2.warpAffine(image, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.float32)
