"""Find the line along which closed lips meet: the dark valley between them."""

import numpy as np

from base.planes import Planes
from puppet.contours import FaceShape, Floats
from puppet.palette import LUMA, sample
from puppet.shape import ramp, smoothstep

COLUMNS, ROWS = 31, 25  # places along the mouth, and heights at each
REACH = 0.6  # how far up and down, in thicknesses of the lips
CENTRING = 0.9  # how much darker a line at the lips' edge must be than one in the middle
BEND = 0.035  # what it costs to go up or down a row from one column to the next, squared
CLOSED, OPEN = 0.010, 0.022  # gaps: up to the first lips count as closed, from the other as open


def closed_share(gap: float) -> float:
    """1 for a closed mouth, 0 for an open one."""
    return 1 - ramp(gap, CLOSED, OPEN)


def valley_offset(picture: Planes, face: FaceShape) -> Floats:
    """(11,): how far below the middle of the inner lips the darkest line runs, at their points."""
    contours, middle = face.contours, face.contours.middle
    u = np.linspace(middle[0, 0], middle[-1, 0], COLUMNS)
    base = np.interp(u, *middle.T)
    up, down = np.interp(u, *contours.upper_outer.T), np.interp(u, *contours.lower_outer.T)
    steps = np.linspace(-REACH, REACH, ROWS)
    offsets = np.where(steps < 0, (base - up)[:, None] * steps, (down - base)[:, None] * steps)
    heights = base[:, None] + offsets
    points = np.stack([np.broadcast_to(u[:, None], heights.shape), heights], -1)
    light = sample(picture, face, points) @ LUMA
    contrast = np.ptp(light, axis=1)[:, None] + 8
    costs = (light - light.min(1, keepdims=True)) / contrast + CENTRING * steps**2
    costs[[0, 1, -2, -1]] += steps**2
    rows = _cheapest_path(costs)
    offset = offsets[np.arange(COLUMNS), rows]
    offset = np.convolve(np.pad(offset, 3, "edge"), np.ones(7) / 7, "valid")
    offset *= smoothstep(1 - np.abs(np.linspace(-1, 1, COLUMNS)), 0, 0.15)
    return np.asarray(np.interp(middle[:, 0], u, offset))


def _cheapest_path(costs: Floats) -> list[int]:
    """A row for each column, so that costs and bends together are least."""
    rows = np.arange(costs.shape[1])
    bends = BEND * (rows[:, None] - rows) ** 2
    total, came_from = costs[0], []
    for column in costs[1:]:
        ways = total[None] + bends
        came_from.append(ways.argmin(1))
        total = column + ways.min(1)
    path = [int(total.argmin())]
    for choices in reversed(came_from):
        path.append(int(choices[path[-1]]))
    return path[::-1]
