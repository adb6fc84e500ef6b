"""A picture at many sizes on one canvas: the first network, run once, finds faces of every size.

The network looks at cells of 12x12 pixels, two pixels apart. Around each size lies a margin of half
a cell: a face may hang half over the picture's border, or fill the whole picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Picture
from faces.boxes import Boxes

CELL, STEP = 12, 2
MARGIN = CELL // 2
FACTOR = 0.709  # from one size to the next: half the area, as the networks were trained
GREY = 127


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

    def drawn(self, picture: Picture) -> Picture:
        """The canvas: the picture at every size."""
        canvas = np.full((self.canvas[1], self.canvas[0], 3), GREY, np.uint8)
        small, how = picture, int(cv2.INTER_AREA)
        for level in self.levels:
            small = np.asarray(cv2.resize(small, level.size, interpolation=how), np.uint8)
            how = int(cv2.INTER_LINEAR)  # enough for one step, and five times as fast
            canvas[level.top : level.top + level.height, level.left : level.left + level.width] = (
                small
            )
        return canvas

    def levels_at(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.intp]:
        """The level that each of the network's cells lies in, -1 where it lies in none."""
        found = np.full(rows.shape, -1, np.intp)
        for index, level in enumerate(self.levels):
            x, y = columns * STEP - level.left, rows * STEP - level.top
            inside = (x >= -MARGIN) & (x <= level.width + MARGIN - CELL)
            inside &= (y >= -MARGIN) & (y <= level.height + MARGIN - CELL)
            found[inside] = index
        return found

    def in_picture(self, boxes: Boxes, levels: NDArray[np.intp]) -> Boxes:
        """Boxes on the canvas, each at one of the `levels`, in picture pixels."""
        corners = np.array([(level.left, level.top) * 2 for level in self.levels], np.float64)
        sizes = np.array([level.size * 2 for level in self.levels], np.float64)
        return (boxes - corners[levels]) / sizes[levels] * (self.picture * 2)


def pyramid(width: int, height: int, smallest: float) -> Pyramid:
    """The sizes in which a face of `smallest` pixels and any larger one fills a cell."""
    sizes = _sizes(width, height, min(CELL / smallest, 1.0))
    canvas, corners = _packed([(w + 2 * MARGIN, h + 2 * MARGIN) for w, h in sizes])
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


def _packed(
    sizes: Sequence[tuple[int, int]],
) -> tuple[tuple[int, int], list[tuple[int, int]]]:
    """The canvas and each corner: in columns as high as the first size, filled from the left."""
    corners: list[tuple[int, int]] = []
    columns: list[tuple[int, int]] = []  # left edge, filled height
    right, height = 0, _even(sizes[0][1])
    for wide, high in ((_even(w), _even(h)) for w, h in sizes):
        place = next(
            (i for i, (_, top) in enumerate(columns) if top + high <= height), len(columns)
        )
        if place == len(columns):
            columns.append((right, 0))
            right += wide
        left, top = columns[place]
        corners.append((left, top))
        columns[place] = left, top + high
    return (right, height), corners


def _even(length: int) -> int:
    return length + length % STEP
