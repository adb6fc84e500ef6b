"""A picture at many sizes on one canvas, so that P-Net, run once, finds faces of every size.

The network sees cells of 12x12 pixels, two pixels apart. Around each size is a margin of half a
cell: a face may lie half outside the picture's border, or fill the whole picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Picture
from faces.boxes import Boxes

CELL, STEP = 12, 2  # pixels
MARGIN = CELL // 2
FACTOR = 0.709  # from one size to the next: half the area, as in the networks' training
GREY = 127  # the networks' zero


@dataclass(frozen=True)
class Level:
    """Where one size of the picture lies on the canvas, its margin excluded."""

    left: int
    top: int
    width: int
    height: int

    @property
    def size(self) -> tuple[int, int]:
        """(width, height), the order cv2.resize takes."""
        return self.width, self.height


@dataclass(frozen=True)
class Pyramid:
    """The layout of the canvas for pictures of one size."""

    picture: tuple[int, int]  # width, height
    canvas: tuple[int, int]  # width, height
    levels: tuple[Level, ...]  # largest first

    def draw(self, picture: Picture) -> Picture:
        """Return the canvas with the picture at every size."""
        canvas = np.full((self.canvas[1], self.canvas[0], 3), GREY, np.uint8)
        small, interpolation = picture, int(cv2.INTER_AREA)
        for level in self.levels:
            resized = cv2.resize(small, level.size, interpolation=interpolation)
            small = np.asarray(resized, np.uint8)
            interpolation = int(cv2.INTER_LINEAR)  # enough for one step, and five times as fast
            bottom, right = level.top + level.height, level.left + level.width
            canvas[level.top : bottom, level.left : right] = small
        return canvas

    def levels_at(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the index of the level that each cell of the network lies in, -1 for none."""
        indices = np.full(rows.shape, -1, np.intp)
        for index, level in enumerate(self.levels):
            x, y = columns * STEP - level.left, rows * STEP - level.top
            inside = (x >= -MARGIN) & (x <= level.width + MARGIN - CELL)
            inside &= (y >= -MARGIN) & (y <= level.height + MARGIN - CELL)
            indices[inside] = index
        return indices

    def to_picture(self, boxes: Boxes, levels: NDArray[np.intp]) -> Boxes:
        """Convert boxes from canvas to picture pixels; `levels` has the level of each."""
        corners = np.array([(level.left, level.top) * 2 for level in self.levels], np.float64)
        sizes = np.array([level.size * 2 for level in self.levels], np.float64)
        return (boxes - corners[levels]) / sizes[levels] * (self.picture * 2)


def layout_pyramid(width: int, height: int, smallest: float) -> Pyramid:
    """Return a layout in which a face of `smallest` pixels and any larger one fills a cell."""
    sizes = _sizes(width, height, min(CELL / smallest, 1.0))
    canvas, corners = _pack([(w + 2 * MARGIN, h + 2 * MARGIN) for w, h in sizes])
    levels = (
        Level(x + MARGIN, y + MARGIN, *size) for (x, y), size in zip(corners, sizes, strict=True)
    )
    return Pyramid((width, height), canvas, tuple(levels))


def _sizes(width: int, height: int, scale: float) -> list[tuple[int, int]]:
    sizes = [(max(round(width * scale), 1), max(round(height * scale), 1))]
    while min(width, height) * scale * FACTOR >= CELL / 2:
        scale *= FACTOR
        sizes.append((max(round(width * scale), 1), max(round(height * scale), 1)))
    return sizes


def _pack(
    sizes: Sequence[tuple[int, int]],
) -> tuple[tuple[int, int], list[tuple[int, int]]]:
    """The canvas size and each picture's corner, in columns as high as the first picture.

    Each picture goes below the others of the leftmost column that has room for it.
    """
    corners: list[tuple[int, int]] = []
    columns: list[tuple[int, int]] = []  # left edge, occupied height
    right, height = 0, _even(sizes[0][1])
    for wide, high in ((_even(w), _even(h)) for w, h in sizes):
        column = next(
            (i for i, (_, top) in enumerate(columns) if top + high <= height), len(columns)
        )
        if column == len(columns):
            columns.append((right, 0))
            right += wide
        left, top = columns[column]
        corners.append((left, top))
        columns[column] = left, top + high
    return (right, height), corners


def _even(length: int) -> int:
    return length + length % STEP
