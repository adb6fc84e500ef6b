"""The lines along which a face's lips meet or part, in coordinates of its mouth."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Picture, Points
from base.lips import NOSE_TIP, Lips

AnyFloats = NDArray[np.floating[Any]]  # float32 for whole pictures

# The mouth's surroundings, of which most is skin.
CHART_U: AnyFloats = np.linspace(-1.2, 1.2, 61, dtype=np.float32)
CHART_V: AnyFloats = np.linspace(-0.6, 1.0, 41, dtype=np.float32)
LOWER_LIP_U: AnyFloats = np.linspace(-0.5, 0.5, 25, dtype=np.float32)
LOWER_LIP_DEPTH = 0.14  # below its upper edge the lower lip shows its colour
TOUCHING = 0.05  # lips that are nearer in their middle meet in one line


@dataclass(frozen=True)
class MouthAxes:
    """Mouth coordinates: (u, v) lies at centre + u * right + v * down; corners at u = -1, 1."""

    centre: tuple[float, float]  # continuous pixels
    right: tuple[float, float]
    nose_v: float  # negative

    @classmethod
    def of(cls, lips: Lips) -> "MouthAxes":
        left, right = lips.lower_outer[[0, -1]]
        (cx, cy), (rx, ry) = ((right + left) / 2).tolist(), ((right - left) / 2).tolist()
        level = cls((cx, cy), (rx, ry), 0.0)
        return cls((cx, cy), (rx, ry), float(level.of_points(lips.mesh(NOSE_TIP))[1][0]))

    @property
    def down(self) -> tuple[float, float]:
        return -self.right[1], self.right[0]

    @property
    def half_width(self) -> float:
        """Half the mouth's width in pixels."""
        return float(np.hypot(*self.right))

    def of_points(self, points: Points) -> tuple[AnyFloats, AnyFloats]:
        """u and v of points in continuous pixels."""
        offsets = (points - self.centre) / self.half_width**2
        return offsets @ self.right, offsets @ self.down

    def to_pixels(self, u: AnyFloats, v: AnyFloats) -> tuple[AnyFloats, AnyFloats]:
        """x and y of (u, v), counted from pixel centres as cv2.remap does."""
        (cx, cy), (rx, ry), (dx, dy) = self.centre, self.right, self.down
        x, y = u * rx + v * dx + (cx - 0.5), u * ry + v * dy + (cy - 0.5)
        return x.astype(np.float32, copy=False), y.astype(np.float32, copy=False)


@dataclass(frozen=True)
class Mouth:
    """A mouth in a picture; a line (height, tilt, sag) is v = height + tilt u + sag (1 - u u)."""

    upper: AnyFloats  # line of the upper lip's lower edge
    lower: AnyFloats  # line of the lower lip's upper edge; the same in a closed mouth
    lip_color: AnyFloats  # BGR of the lower lip
    skin_color: AnyFloats  # BGR of lit skin


def line_height(coefficients: AnyFloats, u: AnyFloats) -> AnyFloats:
    """v of a lip line at u; beyond the corners the line is level."""
    height, tilt, sag = coefficients.tolist()
    u = np.clip(u, -1.0, 1.0)
    return np.asarray((height + sag) + u * (tilt - sag * u), np.float32)


def find_mouth(picture: Picture, lips: Lips, axes: MouthAxes) -> Mouth:
    """The lines of seen lips, and the colours in the picture of the face."""
    upper, lower = (_line_through(points, axes) for points in (lips.upper_inner, lips.lower_inner))
    if (lower - upper)[[0, 2]].sum() < TOUCHING:
        upper = lower = (upper + lower) / 2
    lip = _colors(picture, axes, LOWER_LIP_U, line_height(lower, LOWER_LIP_U) + LOWER_LIP_DEPTH)
    chart = _colors(picture, axes, *np.meshgrid(CHART_U, CHART_V)).reshape(-1, 3)
    lit_skin = np.percentile(chart, 80, axis=0).astype(np.float32)
    return Mouth(upper, lower, np.median(lip.reshape(-1, 3), axis=0), lit_skin)


def _line_through(points: Points, axes: MouthAxes) -> AnyFloats:
    """(height, tilt, sag) of the nearest line, by least squares."""
    u, v = axes.of_points(points)
    terms = np.stack([np.ones_like(u), u, 1 - u * u], axis=1)
    return np.asarray(np.linalg.lstsq(terms, v, rcond=None)[0], np.float32)


def _colors(picture: Picture, axes: MouthAxes, u: AnyFloats, v: AnyFloats) -> AnyFloats:
    """BGR at each (u, v)."""
    x, y = axes.to_pixels(u, v)
    colors = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(colors, np.float32)
