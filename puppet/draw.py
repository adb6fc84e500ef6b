"""Draw a mouth in a pose into the picture of its face."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np

from base.geometry import Box, Points, Rect
from base.planes import PIXEL, Cell, Planes, cells_of
from puppet.contours import FaceShape, Floats
from puppet.field import GRID, Grid, Moves
from puppet.interior import Inside, mouth_coordinates, paint_inside
from puppet.motion import Pose
from puppet.palette import Palette
from puppet.shape import Move, moved_mouth, ramp, skin_moves, smoothstep

AROUND_GAP = 0.10  # units around the inner lips in which the fields are joined at every pixel
# half of the transition between the fields, in units: of closed lips, and of those apart
SHARP, SHARPEST = 0.004, 0.00001
SOFTER = 0.9  # how much wider it is beyond the corners, in units a unit


@dataclass(frozen=True, eq=False)
class SeenMouth:
    """The mouth of a frame's face, ready to be moved."""

    picture: Planes
    face: FaceShape
    palette: Palette
    rest_gap: float  # between the lips when the person is silent
    open_at_rest: bool  # so its own inside shows
    teeth: Points | None  # the edge of its own, where they are seen
    grid: Grid


def draw_mouth(seen: SeenMouth, pose: Pose) -> Planes:
    """The picture with its mouth in a pose; the picture itself where nothing moves."""
    face, axes = seen.face, seen.face.axes
    move = moved_mouth(face.contours, pose, seen.rest_gap, axes.unit)
    # less motion than a pixel is mixed with the picture, so that nothing pops
    weight = ramp(move.size * axes.unit, 0.05, 1.0)
    if weight == 0:
        return seen.picture
    opened = _warped(seen, move)
    paint_inside(
        opened, Inside(seen.picture, axes, move, seen.palette, seen.open_at_rest, seen.teeth)
    )
    return opened if weight == 1 else seen.picture.mixed(opened, weight)


def _warped(seen: SeenMouth, move: Move) -> Planes:
    """The picture's own pixels, moved; what lies between the lips is still to be painted."""
    width, height = seen.grid.size
    lips = seen.grid.fields(skin_moves(seen.face, move), (_upper_lip(move), _lower_lip(move)))
    both = np.concatenate(list(lips))
    coarse = _joined_coarsely(seen, move, both)
    field = seen.grid.at_pixels(coarse, Rect(0, height, 0, width))
    _join_at_gap(field, seen, move, both)
    x, y = field
    x += np.arange(width, dtype=np.float32)
    y += np.arange(height, dtype=np.float32)[:, None]
    return _resampled(seen.picture, x, y, list(seen.grid.moving_strips(coarse)))


def _resampled(picture: Planes, x: Floats, y: Floats, rects: Sequence[Rect]) -> Planes:
    """The picture whose pixels in the rects come from the places x, y."""
    resampled = picture.copy()
    places = {cell: (_at_cells(x, cell, 0), _at_cells(y, cell, 1)) for cell in set(picture.cells)}
    planes = zip(picture.planes, resampled.planes, picture.cells, strict=True)
    for (source, target, cell), rect in product(planes, rects):
        part, (columns, rows) = cells_of(rect, cell).slices, places[cell]
        target[part] = cv2.remap(
            source, columns[part], rows[part], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
    return resampled


def _at_cells(places: Floats, cell: Cell, axis: int) -> Floats:
    """Where each cell's sample comes from along an axis: the mean of its pixels' places."""
    if cell == PIXEL:
        return places
    (across, along), (height, width) = cell, places.shape
    means = cv2.resize(places, (width // across, height // along), interpolation=cv2.INTER_AREA)
    return np.asarray((means + 0.5) / cell[axis] - 0.5, np.float32)


def _lower_lip(move: Move) -> Moves:
    target, source = (
        np.concatenate([contours.lower_outer, contours.lower_inner[1:-1]])
        for contours in (move.target, move.lips)
    )
    return target, source


def _upper_lip(move: Move) -> Moves:
    target, source = (
        np.concatenate([contours.upper_outer, contours.upper_inner[1:-1]])
        for contours in (move.target, move.lips)
    )
    return target, source


def _joined_coarsely(seen: SeenMouth, move: Move, both: Floats) -> Floats:
    """On the grid: the upper field above the middle of the gap, else the lower one."""
    u, v = seen.grid.places[:2].reshape(2, GRID, GRID)
    return _joined(both, _below_share(u, v, move))


def _join_at_gap(field: Floats, seen: SeenMouth, move: Move, both: Floats) -> None:
    """The same around the gap, at every pixel: there both fields differ most."""
    part = _part_around(seen, move)
    if part is not None:
        share = _below_share(*mouth_coordinates(seen.face.axes, part), move)
        rows, columns = part.slices
        field[:, rows, columns] = _joined(seen.grid.at_pixels(both, part), share)


def _joined(both: Floats, below_share: Floats) -> Floats:
    """(2, h, w) from both fields in (4, h, w): the upper one, and a share of the lower one."""
    upper, lower = both[:2], both[2:]
    return np.asarray(upper + below_share * (lower - upper))


def _part_around(seen: SeenMouth, move: Move) -> Rect | None:
    """The pixels around the gap; None where they lie outside the picture."""
    contours, (width, height) = move.target, seen.grid.size
    ring = np.concatenate([contours.upper_inner, contours.lower_inner])
    (left, top), (right, bottom) = ring.min(0) - AROUND_GAP, ring.max(0) + AROUND_GAP
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    return Box.around(seen.face.axes.to_pixels(corners)).inside(width, height)


def _below_share(u: Floats, v: Floats, move: Move) -> Floats:
    """1 below the middle of the gap, 0 above; beyond the corners a soft transition."""
    middle = move.target.middle
    left, right = middle[[0, -1], 0]
    sharp = SHARP + (SHARPEST - SHARP) * ramp(move.source.gap, 0.01, 0.03)
    beyond = np.maximum(np.abs(u - (left + right) / 2) - (right - left) / 2, 0)
    line = np.interp(u, *middle.T).astype(np.float32)
    share = (v - line) * (0.5 / (SOFTER * beyond + sharp)) + 0.5
    return np.asarray(smoothstep(share), np.float32)
