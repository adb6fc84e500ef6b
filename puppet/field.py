"""Smooth fields of motion through given points: thin-plate splines on a coarse grid."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from base.geometry import Points, Rect
from puppet.contours import FaceShape, Floats, MouthAxes
from puppet.shape import smoothstep

STIFFNESS = 1e-4  # how little the field may miss its points, so that none makes a spike
EDGE = 0.12  # of the mouth's unit, along the border of the picture: there the motion ends
GRID = 44  # cells along each side
STEPS = (np.arange(GRID) + 0.5) / GRID  # the cells' centres along a side
CELLS = np.stack(np.meshgrid(STEPS, STEPS), -1).reshape(-1, 2)  # x, y of each, in 0..1
STRIP = 4  # rows of cells that are drawn at once
VISIBLE = 0.03  # pixels that something must move to be drawn
NEAREST = 1e-9  # a square of a distance, above 0

Moves = tuple[Points, Points]  # where points go, and where they come from


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells over a picture in which fields are computed."""

    axes: MouthAxes
    places: Floats  # (4, GRID * GRID) of the cells in mouth coordinates, as in `_places`
    fade: Floats  # (GRID, GRID) 1, falling to 0 at the picture's border
    size: tuple[int, int]  # width and height of the picture
    fixed: Points  # points that never move
    fixed_kernel: Floats  # (fixed points, GRID * GRID)

    @classmethod
    def over(cls, size: tuple[int, int], face: FaceShape) -> "Grid":
        """Over a picture of (width, height)."""
        return cls.of(face.axes, size, np.concatenate([face.still, face.around]))

    @classmethod
    def of(cls, axes: MouthAxes, size: tuple[int, int], fixed: Points) -> "Grid":
        places = _places(axes.from_pixels(CELLS * size)).astype(np.float32)
        across, along = (_fade(pixels, axes.unit) for pixels in size)
        return cls(axes, places, np.outer(along, across), size, fixed, _kernel(fixed, places))

    def fields(self, moves: Moves, parts: Sequence[Moves]) -> Iterator[Floats]:
        """For each part (2, GRID, GRID): how many pixels right and down each cell comes from.

        Each goes through its own points, through `moves`, and leaves the fixed points in place.
        """
        target, source = (np.concatenate([self.fixed, points]) for points in moves)
        moved = np.concatenate([moves[0], *(part_target for part_target, _ in parts)])
        kernels, end = _kernel(moved, self.places), len(moves[0])
        common = np.concatenate([self.fixed_kernel, kernels[:end], self.places[:3]])
        for part_target, part_source in parts:
            points = np.concatenate([target, part_target])
            way = np.concatenate([source, part_source]) - points
            weights = _weights(points, way @ self.axes.matrix.T).astype(np.float32).T
            begin, end = end, end + len(part_target)
            shared = np.concatenate([weights[:, : len(target)], weights[:, -3:]], 1)
            field = shared @ common + weights[:, len(target) : -3] @ kernels[begin:end]
            yield field.reshape(2, GRID, GRID) * self.fade

    def moving_strips(self, field: Floats) -> Iterator[Rect]:
        """The pixels around all cells that a field moves visibly, a few rows of cells at a time."""
        moving, (width, height) = np.abs(field).max(0) > VISIBLE, self.size
        for row in range(0, GRID, STRIP):
            columns = np.flatnonzero(moving[max(row - 1, 0) : row + STRIP + 1].any(0)).tolist()
            if columns:
                first, end = max(columns[0] - 1, 0), min(columns[-1] + 2, GRID)
                left, right = first * width // GRID, -(-end * width // GRID)
                yield Rect(row * height // GRID, (row + STRIP) * height // GRID, left, right)

    def at_pixels(self, field: Floats, part: Rect) -> Floats:
        """(n, height, width) of the part: a field's n values at each pixel."""
        (rows, columns), (width, height) = part.slices, self.size
        return _cubic_weights(height)[:, rows].T @ field @ _cubic_weights(width)[:, columns]


@lru_cache(maxsize=4)
def _cubic_weights(pixels: int) -> Floats:
    """(GRID, pixels): a cell's share of each pixel of a side."""
    cells = np.eye(GRID, dtype=np.float32)
    return np.asarray(cv2.resize(cells, (pixels, GRID), interpolation=cv2.INTER_CUBIC))


def _fade(pixels: int, unit: float) -> Floats:
    """(GRID,): 1, and 0 at both ends of a side."""
    steps = STEPS * pixels
    from_end = np.minimum(steps, pixels - steps) / max(EDGE * unit, 4)
    return np.asarray(smoothstep(from_end - 0.3), np.float32)


def _places(points: Points) -> Points:
    """(4, n): x, y, 1 and x² + y² of each point."""
    x, y = points.T
    return np.stack([x, y, np.ones(len(points)), x * x + y * y])


def _kernel(points: Points, places: Floats) -> Floats:
    """(m, n): r² log r² of the distances r from points to places."""
    x, y, one, square = _places(points)
    distances = np.stack([-2 * x, -2 * y, square, one], 1).astype(places.dtype) @ places
    np.maximum(distances, NEAREST, out=distances)
    return np.asarray(cv2.multiply(distances, cv2.log(distances), distances))


def _weights(points: Points, values: Points) -> Points:
    """(n + 3, 2): the weights of a thin plate through the values at the points, and its slope."""
    count, places = len(points), _places(points)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _kernel(points, places)
    system[np.arange(count), np.arange(count)] += STIFFNESS
    system[count:, :count], system[:count, count:] = places[:3], places[:3].T
    return np.asarray(np.linalg.solve(system, np.concatenate([values, np.zeros((3, 2))])))
