"""A picture in the samples of its planes; parts of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Picture, Rect, Region

Floats = NDArray[np.float32]
Samples = NDArray[Any]  # (rows, columns) of uint8 or uint16
Matrix = NDArray[np.float64]
Cell = tuple[int, int]  # width and height of a sample in pixels

PIXEL: Cell = (1, 1)


@dataclass(frozen=True, eq=False)
class Colors:
    """What colours samples stand for."""

    to_bgr: Matrix  # (3, 4): to B, G, R in 0..255 from a pixel's samples and 1
    from_bgr: Matrix  # (3, 4): the way back
    bits: int  # of a sample

    @property
    def max_value(self) -> int:
        """The largest sample."""
        return (1 << self.bits) - 1

    def region(self, planes: Sequence[Samples]) -> Region:
        """BGR from luma and, unless it is gray, both chroma planes, all of one size."""
        if len(planes) == 1:
            neutral = np.full_like(planes[0], 1 << (self.bits - 1))
            planes = [planes[0], neutral, neutral]
        merged = cv2.merge(planes).astype(np.float32, copy=False)
        region = cv2.transform(merged, self.to_bgr)
        return np.asarray(np.clip(region, 0, 255, out=region), np.float32)


BGR = Colors(np.eye(3, 4), np.eye(3, 4), 8)


@dataclass(frozen=True, eq=False)
class PlanePart:
    """The samples that a rectangle touches, of planes of one resolution."""

    samples: tuple[Samples, ...]  # of each plane, not to be written to
    from_bgr: Matrix  # (planes, 4): to samples from B, G, R in 0..255 and 1
    rect: Rect  # of pixels of the frame
    cell: Cell
    frame_size: tuple[int, int]  # width and height

    @property
    def is_luma(self) -> bool:
        return len(self.samples) == 1

    @property
    def cells(self) -> Rect:
        """The samples in their plane."""
        return cells_of(self.rect, self.cell)

    @property
    def covered(self) -> Rect:
        """The pixels that the samples cover: whole cells, even beyond the frame's border."""
        (across, along), cells = self.cell, self.cells
        return Rect(
            cells.top * along, cells.bottom * along, cells.left * across, cells.right * across
        )

    def at_pixels(self) -> list[Samples]:
        """Each plane at every pixel of the rectangle.

        Samples are repeated, not interpolated, so that the mean over a cell is the sample again.
        """
        if self.cell == PIXEL:
            return list(self.samples)
        (width, height), covered = self.rect.size, self.covered
        top, left = self.rect.top - covered.top, self.rect.left - covered.left
        inside = slice(top, top + height), slice(left, left + width)
        repeated = (
            cv2.resize(plane, covered.size, interpolation=cv2.INTER_NEAREST)
            for plane in self.samples
        )
        return [plane[inside] for plane in repeated]

    def cell_means(self, pixels: Floats) -> Floats:
        """The mean of values of the rectangle's pixels over each sample's cell.

        Pixels outside the rectangle count as 0, those outside the frame do not count.
        """
        if self.cell == PIXEL:
            return pixels
        rect, covered = self.rect, self.covered
        sides = (
            rect.top - covered.top,
            covered.bottom - rect.bottom,
            rect.left - covered.left,
            covered.right - rect.right,
        )
        if any(sides):
            pixels = cv2.copyMakeBorder(pixels, *sides, cv2.BORDER_CONSTANT, value=(0, 0, 0))  # type: ignore[assignment]
        (width, height), (across, along) = covered.size, self.cell
        size = width // across, height // along
        means = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
        means[-1:] *= _last_cell_factor(covered.bottom, self.frame_size[1], along)
        means[:, -1] *= _last_cell_factor(covered.right, self.frame_size[0], across)
        return means


def cells_of(rect: Rect, cell: Cell) -> Rect:
    """The samples of this size that a rectangle of pixels touches."""
    across, along = cell
    return Rect(
        rect.top // along, -(-rect.bottom // along), rect.left // across, -(-rect.right // across)
    )


def plane_cells(cell: Cell, count: int) -> tuple[Cell, ...]:
    """The cell of each of so many planes: all but the first have this one."""
    return PIXEL, *[cell] * (count - 1)


def _last_cell_factor(end: int, limit: int, cell: int) -> float:
    """From the mean over `cell` pixels that end at `end` to that over those before `limit`."""
    return cell / (cell - max(0, end - limit))


@dataclass(frozen=True, eq=False)
class Planes:
    """A picture's samples: luma and, unless it is gray, both chroma planes; or B, G and R."""

    planes: tuple[Samples, ...]
    cell: Cell  # of all planes but the first
    colors: Colors

    @classmethod
    def of_bgr(cls, picture: Picture) -> "Planes":
        return cls(tuple(cv2.split(picture)), PIXEL, BGR)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)"""
        height, width = self.planes[0].shape
        return width, height

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Of each plane."""
        return plane_cells(self.cell, len(self.planes))

    def equals(self, other: "Planes") -> bool:
        return all(map(np.array_equal, self.planes, other.planes))

    def copy(self) -> "Planes":
        return Planes(tuple(plane.copy() for plane in self.planes), self.cell, self.colors)

    def mixed(self, other: "Planes", weight: float) -> "Planes":
        """A picture between this one (weight 0) and the other one (weight 1)."""
        mixed = (
            cv2.addWeighted(its, weight, mine, 1 - weight, 0)
            for mine, its in zip(self.planes, other.planes, strict=True)
        )
        return Planes(tuple(mixed), self.cell, self.colors)

    def differing(self, other: "Planes") -> Rect | None:
        """The smallest rectangle of pixels that holds all samples that differ, if there are any."""
        pairs = zip(self.planes, other.planes, self.cells, strict=True)
        rects = [
            Rect(top * along, (top + height) * along, left * across, (left + width) * across)
            for mine, its, (across, along) in pairs
            for left, top, width, height in [cv2.boundingRect(cv2.compare(mine, its, cv2.CMP_NE))]
            if width
        ]
        return reduce(Rect.union, rects) if rects else None

    def parts(self, rect: Rect) -> tuple[PlanePart, ...]:
        """The samples that the rectangle touches: of the first plane, and of the others."""
        (first, *others), matrix = self.planes, self.colors.from_bgr
        part = PlanePart((first[rect.slices],), matrix[:1], rect, PIXEL, self.size)
        if not others:
            return (part,)
        cells = cells_of(rect, self.cell).slices
        samples = tuple(plane[cells] for plane in others)
        return part, PlanePart(samples, matrix[1:], rect, self.cell, self.size)

    def region(self, rect: Rect) -> Region:
        """The rectangle as BGR."""
        planes = [plane for part in self.parts(rect) for plane in part.at_pixels()]
        return self.colors.region(planes)

    def every(self, step: int) -> Region:
        """BGR of every so many pixels, across and along."""
        width, height = self.size
        rows, columns = np.arange(0, height, step)[:, None], np.arange(0, width, step)
        return self.colors.region(
            [
                plane[rows // along, columns // across]
                for plane, (across, along) in zip(self.planes, self.cells, strict=True)
            ]
        )

    def add_bgr(self, rect: Rect, change: Region) -> None:
        """Add a difference in BGR to the rectangle, in place; 0 leaves a pixel as it is."""
        self.add(rect, changes_of(self.parts(rect), change))

    def add(self, rect: Rect, changes: Sequence[Samples]) -> None:
        """Add a difference to each plane's samples that the rectangle touches, in place."""
        for plane, cell, change in zip(self.planes, self.cells, changes, strict=True):
            samples = plane[cells_of(rect, cell).slices]
            kind = cv2.CV_8U if samples.dtype == np.uint8 else cv2.CV_16U
            cv2.add(samples, change, samples, dtype=kind)  # rounds and clips
            if self.colors.max_value < np.iinfo(samples.dtype).max:
                np.minimum(samples, self.colors.max_value, out=samples)


def changes_of(parts: Sequence[PlanePart], change: Region) -> list[Samples]:
    """What a difference in BGR, at the parts' pixels, is in the samples of each plane."""
    changes: list[Samples] = []
    for part in parts:
        means = part.cell_means(change)
        changes += cv2.split(cv2.transform(means, part.from_bgr[:, :3]))
    return changes
