"""How much each place of a portrait moves: with the head, with the breath, with the brows.

All lengths are in units of the portrait, the distance of its eyes' outer corners.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Points, Rect
from base.lips import CHIN, OVAL
from stages.animate.portrait import LEFT_BROW, RIGHT_BROW, Portrait

Cells = NDArray[np.float32]  # (rows, columns): a value for each cell of a grid

CELL, CELLS = 4, 16  # pixels that a cell is a multiple of, and about how many there are in a unit
IS_PERSON, IS_FACE = 0.5, 0.3
HEAD_ACROSS, HEAD_UP, HEAD_DOWN, HEAD_END = 1.68, 2.08, 1.8, 1.0  # an ellipse with all of the hair
FACE_SHARE = 1.15  # a head is at least so much larger than its face, else nobody was found
BESIDE_HEAD = 0.95  # as far from it the background rests
BELOW_CHIN = 0.05, 0.95  # where the neck begins to rest, and how far on it does
BESIDE_BODY, EDGE = 0.6, 0.45  # as far from it the background rests; how wide a still border is
HAIR = 0.7  # outside the face its depth goes back to the ears' over so much
BROW_ACROSS, BROW_ALONG, ABOVE = 0.36, 0.17, 2.2  # a bump about each brow, higher than deep


@dataclass(frozen=True)
class Grid:
    """Square cells over a rectangle of the picture, and one more on each side."""

    rect: Rect
    cell: int  # pixels

    @classmethod
    def over(cls, portrait: Portrait) -> "Grid":
        return cls(portrait.reach, CELL * max(1, round(portrait.unit / CELLS / CELL)))

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        width, height = self.rect.size
        return -(-width // self.cell) + 2, -(-height // self.cell) + 2

    @cached_property
    def places(self) -> NDArray[np.float32]:
        """(rows, columns, 2): the middle of each cell in the picture."""
        columns, rows = self.size
        x = self.rect.left + (np.arange(columns) - 0.5) * self.cell
        y = self.rect.top + (np.arange(rows) - 0.5) * self.cell
        return np.stack(np.meshgrid(x, y), -1).astype(np.float32)

    def to_cells(self, points: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Where points of the picture are, counted in cells from the middle of the first."""
        corner = np.array([self.rect.left, self.rect.top], np.float32)
        return np.asarray((points - corner) / self.cell + 0.5, np.float32)


@dataclass(frozen=True, eq=False)
class Zones:
    """Shares of motion in the cells of a grid; 0 where nothing ever moves."""

    grid: Grid
    unit: float  # pixels
    down: Points  # (2,): from the brow to the chin
    pivot: Points  # (2,): the top of the neck
    head: Cells
    torso: Cells
    brows: Cells
    free: NDArray[np.float32]  # (rows, columns, 2): how far the picture's border lets x and y move
    depth: Cells  # pixels behind the ears, where the head moves
    body: NDArray[np.bool_]  # (rows, columns): not the background


def zones_of(portrait: Portrait, size: tuple[int, int]) -> Zones:
    """The zones of a portrait in a picture of (width, height)."""
    grid = Grid.over(portrait)
    place = _Place.of(portrait, grid)
    face = _filled(portrait.points[list(OVAL)], grid)
    body = (_person(portrait, grid) > IS_PERSON) | (face > IS_FACE)
    head = _head(body, face, place)
    soft = grid.cell / portrait.unit  # cells as units
    inner = _edges(grid, grid.rect, EDGE * portrait.unit, size)
    return Zones(
        grid=grid,
        unit=portrait.unit,
        down=portrait.down,
        pivot=portrait.centre + portrait.down * (0.95 * place.chin * portrait.unit),
        head=_clear(_blurred(_head_share(head, place, soft), 0.06 / soft) * inner),
        torso=_clear(_blurred(_torso_share(body, place, soft), 0.10 / soft) * inner),
        brows=_clear(_brows(portrait, place) * inner),
        free=_free(grid, size, EDGE * portrait.unit),
        depth=_blurred(_depth(portrait, grid, face, soft), 0.045 / soft),
        body=body,
    )


@dataclass(frozen=True, eq=False)
class _Place:
    """Each cell's place about the middle of the face, across it and down."""

    across: Cells
    down: Cells
    chin: float  # how far down it is

    @classmethod
    def of(cls, portrait: Portrait, grid: Grid) -> "_Place":
        across, down = _about(portrait, grid.places)
        chin = _about(portrait, portrait.points[[CHIN]])[1]
        return cls(across, down, float(chin[0]))


def _about(portrait: Portrait, points: NDArray[np.floating[Any]]) -> tuple[Cells, Cells]:
    """Across the face and down, from its middle."""
    x, y = portrait.down
    away = (points - portrait.centre) / portrait.unit
    across, down = away @ np.array([y, -x]), away @ portrait.down
    return across.astype(np.float32), down.astype(np.float32)


def _head(body: NDArray[np.bool_], face: Cells, place: _Place) -> NDArray[np.bool_]:
    """The cells of the head with its hair; an ellipse where no person is found about the face."""
    along = np.where(place.down < 0, place.down / HEAD_UP, place.down / HEAD_DOWN)
    radius = np.hypot(place.across / HEAD_ACROSS, along)
    head = (body & (radius < HEAD_END)) | (face > IS_FACE)
    if head.sum() < FACE_SHARE * (face > IS_FACE).sum():
        return np.asarray(radius < 0.75)
    return np.asarray(head)


def _head_share(head: NDArray[np.bool_], place: _Place, cell: float) -> Cells:
    beside = smooth(1 - _distance(head) * cell / BESIDE_HEAD)
    begins, over = BELOW_CHIN
    return beside * (1 - smooth((place.down - place.chin - begins) / over))


def _torso_share(body: NDArray[np.bool_], place: _Place, cell: float) -> Cells:
    """Most at the shoulders; nothing far below them."""
    beside = smooth(1 - _distance(body) * cell / BESIDE_BODY)
    below = place.down - place.chin
    sides = smooth((2.8 - np.abs(place.across)) / 1.4)
    return beside * sides * smooth((below + 0.25) / 0.8) * smooth(1 - (below - 1.0) / 2.2)


def _brows(portrait: Portrait, place: _Place) -> Cells:
    bumps = []
    for brow in (LEFT_BROW, RIGHT_BROW):
        (across,), (down,) = _about(portrait, portrait.points[list(brow)].mean(0)[None])
        y = (place.down - down) / BROW_ALONG
        x = (place.across - across) / BROW_ACROSS
        bumps.append(np.exp(-0.5 * (x**2 + np.where(y < 0, y / ABOVE, y) ** 2)))
    return np.asarray(np.maximum(*bumps), np.float32)


def _depth(portrait: Portrait, grid: Grid, face: Cells, cell: float) -> Cells:
    """The mesh's depth in the face; outside it goes back to the ears', for hair is round."""
    outside = _blurred(_distance(face > IS_PERSON) * np.float32(cell), 1.0)
    near = outside < HAIR
    away = (grid.places[near][:, None] - portrait.points.astype(np.float32)) / portrait.unit
    weights = ((away**2).sum(-1) + 0.002) ** -1.6
    depth = np.zeros_like(outside)
    depth[near] = weights @ portrait.mesh[:, 2] / weights.sum(1)
    return depth * (1 - smooth(outside / HAIR))


def _person(portrait: Portrait, grid: Grid) -> Cells:
    """The person in each cell, from the reduced picture of the reach."""
    height, width = portrait.person.shape
    share = np.array([width, height], np.float32) / np.array(grid.rect.size, np.float32)
    corner = np.array([grid.rect.left, grid.rect.top], np.float32)
    map_xy = (grid.places - corner) * share - np.float32(0.5)
    side = max(1, round(grid.cell * float(share.mean())))
    person = cv2.blur(portrait.person, (side, side))
    return read_at(person, map_xy, cv2.INTER_LINEAR)


def _filled(outline: Points, grid: Grid, shift: int = 4) -> Cells:
    """How much of each cell is inside an outline, roughly."""
    columns, rows = grid.size
    cells = np.zeros((rows, columns), np.float32)
    places = np.rint(grid.to_cells(outline) * (1 << shift)).astype(np.int32)
    cv2.fillPoly(cells, [places], 1.0, cv2.LINE_8, shift)
    return cells


def _free(grid: Grid, size: tuple[int, int], width: float) -> NDArray[np.float32]:
    """Along a border of the picture all may move, across it nothing."""
    places, (right, bottom) = grid.places, size
    x = np.minimum(places[..., 0], right - places[..., 0])
    y = np.minimum(places[..., 1], bottom - places[..., 1])
    still = grid.cell / 2  # the outermost cells rest: nothing is drawn in from beyond
    return smooth((np.stack([x, y], -1) - still) / np.float32(width))


def _edges(grid: Grid, rect: Rect, width: float, size: tuple[int, int]) -> Cells:
    """0 at the edges of the grid that are not the picture's border."""
    x, y = grid.places[..., 0], grid.places[..., 1]
    away = [np.full_like(x, width)]
    away += [x - rect.left] if rect.left > 0 else []
    away += [y - rect.top] if rect.top > 0 else []
    away += [rect.right - x] if rect.right < size[0] else []
    away += [rect.bottom - y] if rect.bottom < size[1] else []
    return smooth((np.min(away, axis=0) - grid.cell) / np.float32(width - grid.cell))


def _distance(inside: NDArray[np.bool_]) -> Cells:
    """Cells from the nearest one inside."""
    return np.asarray(cv2.distanceTransform(1 - inside.astype(np.uint8), cv2.DIST_L2, 5))


def _blurred(cells: Cells, sigma: float) -> Cells:
    return np.asarray(cv2.GaussianBlur(cells.astype(np.float32), (0, 0), sigma + 0.3), np.float32)


def _clear(share: Cells) -> Cells:
    """Exactly 0 where it is nearly so."""
    return np.asarray(np.maximum(share - 0.004, 0) / 0.996, np.float32)


def read_at(values: NDArray[Any], at: NDArray[Any], interpolation: int) -> NDArray[Any]:
    """The values at (..., 2) x and y, counted from the middle of the first."""
    places = at.astype(np.float32, copy=False)
    read = cv2.remap(values, places, None, interpolation, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(read)


def smooth(values: NDArray[np.floating[Any]] | float) -> NDArray[np.float32]:
    """From 0 to 1 as values do, without a bend at either end."""
    share = np.clip(values, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)
