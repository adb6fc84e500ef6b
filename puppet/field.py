"""Smooth fields of motion through given points: thin-plate splines on a coarse grid."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from base.geometry import Picture, Points, Rect
from puppet.contours import FaceShape, Floats, MouthAxes
from puppet.shape import smoothstep

STIFFNESS = 1e-4  # how little the field may miss its points, so that none makes a spike
EDGE = 0.12  # of the mouth's unit, along the border of the picture: there the motion ends
GRID = 44  # cells along each side
VISIBLE = 0.03  # pixels that something must move to be drawn

Moves = tuple[Points, Points]  # where points go, and where they come from


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells over a picture in which fields are computed."""

    points: Floats  # (GRID * GRID, 2) in mouth coordinates
    fade: Floats  # (GRID, GRID, 1) 1, falling to 0 at the picture's border
    size: tuple[int, int]  # width and height of the picture
    fixed: Points  # points that never move
    fixed_kernel: Floats  # (GRID * GRID, fixed points)

    @classmethod
    def over(cls, picture: Picture, face: FaceShape) -> "Grid":
        height, width = picture.shape[:2]
        fixed = np.concatenate([face.still, face.around])
        return cls.of(face.axes, (width, height), fixed)

    @classmethod
    def of(cls, axes: MouthAxes, size: tuple[int, int], fixed: Points) -> "Grid":
        width, height = size
        steps = (np.arange(GRID) + 0.5) / GRID
        x, y = np.meshgrid(steps * width, steps * height)
        points = axes.from_pixels(np.stack([x.ravel(), y.ravel()], 1)).astype(np.float32)
        fade = np.outer(_fade(height, axes.unit), _fade(width, axes.unit))
        return cls(points, fade[..., None], size, fixed, _kernel(points, fixed))

    def fields(self, moves: Moves, parts: Sequence[Moves]) -> Iterator[Floats]:
        """For each part a (GRID, GRID, 2) field that takes every pixel to where it comes from.

        Each goes through its own points, through `moves`, and leaves the fixed points in place.
        """
        target, source = (np.concatenate([self.fixed, points]) for points in moves)
        kernel = np.hstack([self.fixed_kernel, _kernel(self.points, moves[0])])
        for part_target, part_source in parts:
            points = np.concatenate([target, part_target])
            way = np.concatenate([source, part_source]) - points
            weights = _weights(points, way).astype(np.float32)
            own, linear = weights[len(target) : len(points)], weights[len(points) :]
            field = kernel @ weights[: len(target)] + _kernel(self.points, part_target) @ own
            field += linear[0] + self.points @ linear[1:]
            yield field.reshape(GRID, GRID, 2) * self.fade

    def moving_part(self, field: Floats) -> Rect:
        """The pixels around all cells that a field moves visibly, at least one."""
        rows, columns = np.nonzero(np.abs(field).max(2) > VISIBLE)
        (width, height), cells = self.size, (rows, columns) if len(rows) else ([0], [0])
        top, bottom = _pixels(min(cells[0]), max(cells[0]), height)
        left, right = _pixels(min(cells[1]), max(cells[1]), width)
        return Rect(top, bottom, left, right)

    def everywhere(self, field: Floats) -> Floats:
        """(height, width, n): a field at every pixel."""
        return np.asarray(cv2.resize(field, self.size, interpolation=cv2.INTER_CUBIC), np.float32)

    def inside(self, field: Floats, part: Rect) -> Floats:
        """(height, width, n) of the part: a field at its pixels."""
        across, along = GRID / self.size[0], GRID / self.size[1]
        x, y = (part.left + 0.5) * across - 0.5, (part.top + 0.5) * along - 0.5
        matrix = np.array([[across, 0, x], [0, along, y]])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        border = cv2.BORDER_REPLICATE
        values = cv2.warpAffine(field, matrix, part.size, flags=flags, borderMode=border)
        return np.asarray(values, np.float32)


def _pixels(first: int, last: int, pixels: int) -> tuple[int, int]:
    """The first pixel of a cell before the first one, and the end of one behind the last."""
    return max((first - 1) * pixels // GRID, 0), min(-(-(last + 2) * pixels // GRID), pixels)


def _fade(pixels: int, unit: float) -> Floats:
    """(GRID,): 1, and 0 at both ends of a side."""
    steps = (np.arange(GRID) + 0.5) / GRID * pixels
    from_end = np.minimum(steps, pixels - steps) / max(EDGE * unit, 4)
    return np.asarray(smoothstep(from_end - 0.3), np.float32)


def _kernel(points: Floats, others: Points) -> Floats:
    """(n, m): r² log r² of the distances r."""
    centres = others.astype(np.float32)
    square = points[:, :1] - centres[:, 0]
    square *= square
    down = points[:, 1:] - centres[:, 1]
    down *= down
    square += down
    square += np.float32(1e-9)
    np.log(square, out=down)
    square *= down
    return np.asarray(square)


def _weights(points: Points, values: Points) -> Points:
    """(n + 3, 2): the weights of a thin plate through the values at the points, and its slope."""
    count = len(points)
    x, y = (points[:, axis, None] - points[:, axis] for axis in (0, 1))
    square = x * x + y * y
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = square * np.log(square + 1e-9)
    system[np.arange(count), np.arange(count)] += STIFFNESS
    system[:count, count] = system[count, :count] = 1
    system[:count, count + 1 :], system[count + 1 :, :count] = points, points.T
    return np.asarray(np.linalg.solve(system, np.concatenate([values, np.zeros((3, 2))])))
