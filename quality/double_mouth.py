"""Whether an old mouth is left in the result: behind the new lips, or above or below them.

Both are looked for where the contours of the lips say that there should be nothing of it.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Picture, Points
from base.lips import Lips
from quality.detail import filled
from quality.mouth_pair import MouthPair, cut_out, outline
from quality.place import CROP, SCALE, upright

MOVED = 0.04  # mouth widths: of lips that moved less the old ones cannot be told apart
LEAST_PIXELS = 40  # of an upright crop: fewer say nothing
FINEST, FINE = 0.7, 2.0  # pixels: sigmas of the blurs between which detail is compared
SOFT = 1.0  # pixels: sigma of a blur before mouths are looked for
RIM = 3  # pixels around a mouth that are looked for with it
AWAY, ASIDE = 0.25, 0.25  # mouth widths: another mouth is at least so far up or down, at most aside
NEAR = 5  # pixels: what resembles the mouth so close by in the source was there before

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


def remaining_lips(pair: MouthPair) -> float:
    """The correlation of both pictures' detail where the source's lips were and moved away.

    Lips that moved took their lines and their gloss along; NaN where they hardly moved.
    """
    to_crop = upright(pair)
    left = moved_lips(pair.source_lips.mapped(to_crop), pair.result_lips.mapped(to_crop))
    if int(left.sum()) < LEAST_PIXELS:
        return math.nan
    parts = (cut_out(part, to_crop, CROP) for part in (pair.source, pair.result))
    source, result = (_detail(part)[left] for part in parts)
    size = math.sqrt(float(source @ source) * float(result @ result))
    return float(source @ result) / size if size else 0.0


def moved_lips(source: Lips, result: Lips) -> Bools:
    """The pixels of a crop in the source's lips, in columns in which that lip moved."""
    upper = _band(source.upper_outer, source.upper_inner)
    lower = _band(source.lower_outer, source.lower_inner)
    up = _way(source.upper_outer, result.upper_outer) + _way(source.upper_inner, result.upper_inner)
    down = _way(source.lower_outer, result.lower_outer)
    down = down + _way(source.lower_inner, result.lower_inner)
    limit = 2 * MOVED * SCALE
    return np.asarray((upper & (up > limit)) | (lower & (down > limit)))


def another_mouth(pair: MouthPair) -> float:
    """How much of the source's mouth is in the result above or below its place; 1 is all of it.

    It is a correlation, less that which the source itself has there.
    """
    to_crop = upright(pair)
    before, after = (_light(part, to_crop) for part in (pair.source, pair.result))
    corner, mouth = _mouth_in(before, pair.source_lips.mapped(to_crop))
    if not mouth.size:
        return 0.0
    own, found = (cv2.matchTemplate(x, mouth, cv2.TM_CCOEFF_NORMED) for x in (before, after))
    own = np.maximum(cv2.dilate(own, np.ones((NEAR, NEAR), np.uint8)), 0)
    gains = (found - own)[_elsewhere(own.shape, corner)]
    return max(float(gains.max()), 0.0) if gains.size else 0.0


def _band(outer: Points, inner: Points) -> Bools:
    return filled(np.concatenate([outer, inner[::-1]]), CROP[::-1]) > 0


def _way(before: Points, after: Points) -> NDArray[np.float64]:
    """For each column of a crop, how far a contour moved up or down."""
    columns = np.arange(CROP[0]) + 0.5
    rows = [np.interp(columns, line[:, 0], line[:, 1]) for line in (before, after)]
    return np.asarray(np.abs(rows[0] - rows[1]), np.float64)


def _detail(part: Picture) -> Floats:
    light = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY).astype(np.float32)
    fine, soft = (cv2.GaussianBlur(light, (0, 0), sigma) for sigma in (FINEST, FINE))
    return np.asarray(fine - soft, np.float32)


def _light(part: Picture, to_crop: Affine) -> Floats:
    light = cv2.cvtColor(cut_out(part, to_crop, CROP), cv2.COLOR_BGR2GRAY).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(light, (0, 0), SOFT), np.float32)


def _mouth_in(light: Floats, lips: Lips) -> tuple[tuple[int, int], Floats]:
    """The upper left corner of the mouth in a crop, and its pixels."""
    points = outline(lips)
    left, top = np.maximum(np.rint(points.min(axis=0)).astype(int) - RIM, 0).tolist()
    right, bottom = (np.rint(points.max(axis=0)).astype(int) + RIM).tolist()
    return (left, top), light[top : max(bottom, top), left : max(right, left)]


def _elsewhere(shape: tuple[int, ...], corner: tuple[int, int]) -> Bools:
    """The places of a mouth that lie above or below its own."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    away = np.abs(rows - corner[1]) >= AWAY * SCALE
    return np.asarray(away & (np.abs(columns - corner[0]) <= ASIDE * SCALE))
