"""A generated face, a square, and its place in a frame; cutting such faces from frames."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Box, Picture, Rect, Region
from base.planes import PlanePart
from blending.resample import CUBIC, Kernel, Means, resample
from blending.texture import Texture

Floats = NDArray[np.float32]

SIDE = 96  # pixels of most generators' faces
MAX_OVERSAMPLING = 16  # on faces of over 3000 pixels averaging more samples changes nothing


@dataclass(frozen=True)
class Patch:
    """The generator's output, and the map from its pixels to the region it is blended into."""

    pixels: Picture | Region  # (side, side, 3); not rounded after its colours were matched
    to_region: Affine
    source: Picture  # of the same size: the face that the generator was fed
    texture: Texture | None = None  # what the clip shows of this person's lips, if they are seen

    def __post_init__(self) -> None:
        shapes = self.pixels.shape, self.source.shape
        if shapes != ((self.side, self.side, 3),) * 2:
            raise ValueError(f"a patch and its source are squares of one size in BGR, got {shapes}")

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
        to_frame = Affine.square_to_box(len(pixels), box)
        return cls(pixels, to_frame.then(Affine.shift(-rect.left, -rect.top)), source, texture)

    @property
    def side(self) -> int:
        return len(self.pixels)

    def warp_pixels(self, region: Region) -> Region:
        """Return the patch's pixels at the size and place of `region`, to a fraction of a pixel."""
        return self.warp(self.pixels.astype(np.float32), region)

    def warp(self, square: Floats, region: Region, kernel: Kernel = CUBIC) -> Floats:
        """Return a (side, side, n) array that covers the patch at the size and place of `region`.

        Only the size of `region` is used.
        """
        scale = self.side / len(square)
        to_region = Affine(scale, 0, 0, 0, scale, 0).then(self.to_region)
        return resample(square, to_region, (region.shape[1], region.shape[0]), kernel)

    def visible_slices(self, region: Region, margin: int = 0) -> tuple[slice, slice]:
        """The patch's rows and columns that lie in `region`, and `margin` more on every side."""
        height, width = region.shape[:2]
        return self.slices_in((width, height), margin)

    def slices_in(self, size: tuple[int, int], margin: int = 0) -> tuple[slice, slice]:
        """The same for a region of (width, height)."""
        to, (width, height) = self.to_region, size
        rows = self._visible(-to.f / to.e - margin, (height - to.f) / to.e + margin)
        return rows, self._visible(-to.c / to.a - margin, (width - to.c) / to.a + margin)

    def _visible(self, first: float, last: float) -> slice:
        """The patch's pixels between two places; at least one."""
        start = min(max(math.floor(first), 0), self.side - 1)
        return slice(start, min(max(math.ceil(last), 1), self.side))


def cut_square(region: Region, rect: Rect, box: Box, side: int = SIDE) -> Picture:
    """Return the face in `box` as a square, from the frame's pixels `rect`; averages if it shrinks.

    The square has side x side pixels.
    """
    small = _cut(region.transpose(2, 0, 1), rect, (1, 1), box, side)
    return np.clip(np.rint(small.transpose(1, 2, 0)), 0, 255).astype(np.uint8)


def cut_planes(parts: Sequence[PlanePart], box: Box, side: int = SIDE) -> list[Floats]:
    """Return the face in `box` as side x side, plane for plane; averages if it shrinks."""
    cut = (_cut(part.samples, part.rect, part.cell, box, side) for part in parts)
    return [plane for planes in cut for plane in planes]


def _cut(
    planes: Iterable[NDArray[Any]], rect: Rect, cell: tuple[int, int], box: Box, side: int
) -> Floats:
    """From cells of the frame's pixels `rect`."""
    # a sample between four pixels is their mean, so half as many samples are enough
    samples = max(1, math.ceil(max(box.width, box.height) / side / 2 - 0.25))
    samples = min(samples, MAX_OVERSAMPLING)
    rows, columns = rect.slices
    across = Means(side, samples, box.left, box.width).weights(columns, cell[0])
    along = Means(side, samples, box.top, box.height).weights(rows, cell[1])
    values = np.array([plane for plane in planes], np.float32)
    return across.apply_to_rows(along.apply_to_columns(values[:, along.sources]))
