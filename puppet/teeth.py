"""The upper teeth of a mouth that is open in the picture: how far down they reach."""

import numpy as np
from numpy.typing import NDArray

from base.geometry import Points
from base.planes import Planes
from puppet.contours import FaceShape, Floats
from puppet.motion import neighbours
from puppet.palette import LUMA, Palette, sample

COLUMNS, ROWS = 31, 21  # places along the mouth, and heights between its lips
BRIGHT = 0.62  # of the brightest level inside the mouth: a tooth
BRIGHTEST = round(0.88 * (COLUMNS * ROWS - 1))  # the rank of that level among all places
TOOTH_COLOR = 0.87  # of the lips' share of colour, at most
NEIGHBOURS = neighbours(COLUMNS, 2)
TEETH = 0.35  # of the columns that must show one


def teeth_edge(picture: Planes, face: FaceShape, palette: Palette) -> Points | None:
    """(COLUMNS, 2): the line along which the teeth end; None where hardly any are seen."""
    contours = face.contours
    u = np.linspace(contours.lower_inner[0, 0], contours.lower_inner[-1, 0], COLUMNS)
    top, bottom = np.interp(u, *contours.upper_inner.T), np.interp(u, *contours.lower_inner.T)
    depths = (np.arange(ROWS) + 0.5) / ROWS
    v = top[:, None] + np.maximum(bottom - top, 0)[:, None] * depths
    points = np.stack([np.broadcast_to(u[:, None], v.shape), v], -1)
    is_tooth = _is_tooth(sample(picture, face, points), palette)
    after_first = np.logical_or.accumulate(is_tooth, axis=1) & ~is_tooth
    ends = np.where(after_first.any(1), after_first.argmax(1), ROWS)
    depth = np.where(is_tooth.any(1), ends, 0) / ROWS
    if (depth > 0).mean() < TEETH:
        return None
    return np.stack([u, top + _smooth(depth) * np.maximum(bottom - top, 0)], 1)


def _is_tooth(colors: Floats, palette: Palette) -> NDArray[np.bool_]:
    light = colors @ LUMA
    strongest = colors.max(2)
    color_share = (strongest - colors.min(2)) / np.maximum(strongest, 1)
    pale = color_share < TOOTH_COLOR * max(palette.lip_color_share, 0.12)
    return np.asarray((light > BRIGHT * np.partition(light, BRIGHTEST, None)[BRIGHTEST]) & pale)


def _smooth(depth: Floats) -> Floats:
    """Without single columns that are much longer or shorter than those beside them."""
    middle = np.sort(depth[NEIGHBOURS])[:, 2]
    return np.asarray(middle[NEIGHBOURS] @ np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 9)
