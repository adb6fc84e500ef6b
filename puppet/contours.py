"""The mouth's own coordinates, and the contours of its lips in them.

The origin lies between the corners, u runs to the right and v down the face, and the unit is about
the distance of the outer corners of the eyes in a face seen from the front.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from base.geometry import AnyPoints, Points
from base.lips import (
    BELOW_LIPS,
    CHEEKS,
    CHIN,
    LEFT_EYE,
    NOSE_BASE,
    NOSE_BRIDGE,
    NOSE_TIP,
    NOSTRILS,
    OVAL,
    RIGHT_EYE,
    ROW_OF,
    Lips,
)

Floats = NDArray[np.floating[Any]]  # float32 for whole pictures

FACE_HEIGHT = 0.8  # units from the bridge of the nose to the chin, the least that a turned face has
SMALLEST = 8.0  # pixels of the unit
LEAST_AREA = 0.3  # of the square of both axes: seen so far from the side a mouth has no width
MOST_ROLL = 0.3  # cosine: heads that lie on their side are no faces for a detector either
NARROWEST, WIDEST = 0.15, 1.5  # units from corner to corner
STILL = (NOSE_TIP, NOSE_BASE, *NOSTRILS, *CHEEKS, 93, 323, 234, 454, 132, 361)
JAW = OVAL[OVAL.index(288) : OVAL.index(58) + 1]  # from ear to ear, without the ears
LOWER_OVAL = OVAL[OVAL.index(323) : OVAL.index(93) + 1]


@dataclass(frozen=True, eq=False)
class MouthAxes:
    """Mouth coordinates: (u, v) lies at origin + unit * (u * right + v * down)."""

    origin: Floats  # (2,) x, y in pixels
    right: Floats  # (2,) of length 1
    down: Floats  # (2,) of length 1; not at a right angle where the head is turned
    unit: float  # pixels

    @classmethod
    def of(cls, lips: Lips) -> "MouthAxes":
        left_corner, right_corner = lips.lower_outer[[0, -1]]
        left_eye, right_eye, bridge, chin = lips.mesh(LEFT_EYE[0], RIGHT_EYE[1], NOSE_BRIDGE, CHIN)
        right = _direction(
            _direction(right_corner - left_corner) + _direction(right_eye - left_eye)
        )
        upright = np.array([-right[1], right[0]])
        down = _direction(0.6 * _direction(chin - bridge) + 0.4 * upright)
        eyes, height = np.hypot(*(right_eye - left_eye)), np.hypot(*(chin - bridge))
        unit = max(float(eyes), FACE_HEIGHT * float(height), 1.0)
        return cls((left_corner + right_corner) / 2, right, down, unit)

    @property
    def is_plausible(self) -> bool:
        """Whether a head is upright enough, and large enough to have a mouth."""
        area = float(self.right[0] * self.down[1] - self.right[1] * self.down[0])
        return self.unit >= SMALLEST and area > LEAST_AREA and self.right[0] > MOST_ROLL

    @cached_property
    def matrix(self) -> Floats:
        """(2, 2): its columns are the axes, in pixels."""
        return self.unit * np.stack([self.right, self.down], 1)

    @cached_property
    def inverse(self) -> Floats:
        """(2, 2): from pixels."""
        return np.linalg.inv(self.matrix)

    def to_pixels(self, points: AnyPoints) -> Points:
        return np.asarray(points @ self.matrix.T + self.origin, np.float64)

    def from_pixels(self, points: AnyPoints) -> Points:
        return np.asarray((points - self.origin) @ self.inverse.T, np.float64)


def _direction(vector: Floats) -> Floats:
    return vector / max(float(np.hypot(*vector)), 1e-9)


@dataclass(frozen=True, eq=False)
class Contours:
    """The lips' edges in mouth coordinates, from the left corner to the right one."""

    lines: Points  # (4, 11, 2) from the upper lip's outer edge down to the lower lip's

    @classmethod
    def of(cls, lips: Lips, axes: MouthAxes) -> "Contours":
        lines = (lips.upper_outer, lips.upper_inner, lips.lower_inner, lips.lower_outer)
        return cls(axes.from_pixels(np.stack(lines)))

    @property
    def upper_outer(self) -> Points:
        return self.lines[0, :]

    @property
    def upper_inner(self) -> Points:
        return self.lines[1, :]

    @property
    def lower_inner(self) -> Points:
        return self.lines[2, :]

    @property
    def lower_outer(self) -> Points:
        return self.lines[3, :]

    @property
    def gap(self) -> float:
        """How far the lips are apart in the middle."""
        return max(float((self.lower_inner - self.upper_inner)[4:7, 1].mean()), 0.0)

    @property
    def middle(self) -> Points:
        """(11, 2): the line half way between the inner lips."""
        upper = np.interp(self.lower_inner[:, 0], *self.upper_inner.T)
        middle = (self.lower_inner[:, 1] + upper) / 2
        return np.stack([self.lower_inner[:, 0], middle], 1)

    def with_inner(self, upper_v: Floats, lower_v: Floats) -> "Contours":
        """The same contours with other heights of the inner lips."""
        lines = self.lines.copy()
        lines[1:3, :, 1] = upper_v, lower_v
        return Contours(lines)


@dataclass(frozen=True, eq=False)
class FaceShape:
    """A face around its mouth, in mouth coordinates."""

    axes: MouthAxes
    contours: Contours
    still: Points  # what no speech moves
    jaw: Points
    below: Points  # the skin between the lower lip and the jaw
    around: Points  # a ring outside the face, which stays

    @classmethod
    def of(cls, lips: Lips) -> "FaceShape | None":
        """None where the points cannot be those of a face."""
        axes = MouthAxes.of(lips)
        if not axes.is_plausible or not NARROWEST < lips.width / axes.unit < WIDEST:
            return None
        points = axes.from_pixels(lips.points)
        still, jaw, below, oval = (points[rows] for rows in MESH_ROWS)
        centre = (points[FOREHEAD] + oval[len(oval) // 2]) / 2
        rings = [centre + (oval[::2] - centre) * size for size in RINGS]
        around = np.concatenate([*rings, BROW])
        return cls(axes, Contours.of(lips, axes), still, jaw, below, around)

    @property
    def chin(self) -> float:
        """v of the chin."""
        return float(self.jaw[len(self.jaw) // 2, 1])


RINGS = (1.22, 1.42)  # of the jaw's outline: there the picture stands still
BROW = np.stack([np.linspace(-0.9, 0.9, 7), np.full(7, -0.6)], 1)
FOREHEAD = ROW_OF[OVAL[0]]
MESH_ROWS = [[ROW_OF[point] for point in part] for part in (STILL, JAW, BELOW_LIPS, LOWER_OVAL)]
