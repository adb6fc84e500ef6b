"""The lips of a face and what is used of its mesh, as points in a picture.

The numbers of the mesh's points are those of MediaPipe's face mesh. Left and right are as they lie
in the picture. Lips are lines from the left corner to the right one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Points

LOWER_OUTER, UPPER_OUTER = slice(0, 11), slice(11, 20)  # the upper ones without the corners
LOWER_INNER, UPPER_INNER = slice(20, 31), slice(31, 40)
CONTOURS = 40  # points of the lips, before those of the mesh

OVAL = (  # the face's outline, clockwise from the middle of the forehead
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
CHIN, NOSE_TIP, NOSE_BASE, NOSE_BRIDGE = 152, 1, 2, 168
NOSTRILS = (98, 327, 129, 358)
LEFT_EYE, RIGHT_EYE = (33, 133), (362, 263)  # the corners of each
EYELIDS = (159, 145, 386, 374)  # upper and lower, of each eye
CHEEKS = (50, 280, 205, 425, 117, 346, 123, 352)
BELOW_LIPS = (
    *(18, 200, 199, 175, 182, 406, 194, 418, 208, 428, 204, 424),
    *(211, 431, 202, 422, 210, 430, 212, 432, 214, 434),
)
MESH = (
    *OVAL,
    *(NOSE_TIP, NOSE_BASE, NOSE_BRIDGE),
    *NOSTRILS,
    *LEFT_EYE,
    *RIGHT_EYE,
    *EYELIDS,
    *CHEEKS,
    *BELOW_LIPS,
)
POINTS = CONTOURS + len(MESH)
ROW_OF = {point: CONTOURS + row for row, point in enumerate(MESH)}


@dataclass(frozen=True, eq=False)
class Lips:
    """The contours of the lips and the used points of the mesh, in continuous pixels."""

    points: NDArray[np.float32]  # (POINTS, 2) x, y

    def __post_init__(self) -> None:
        if self.points.shape != (POINTS, 2) or not np.isfinite(self.points).all():
            raise ValueError(f"lips are {POINTS} points, got {self.points.shape}")

    @property
    def lower_outer(self) -> Points:
        return self._line(self.points[LOWER_OUTER])

    @property
    def upper_outer(self) -> Points:
        corners = self.points[LOWER_OUTER][[0, -1]]
        return self._line(corners[:1], self.points[UPPER_OUTER], corners[1:])

    @property
    def lower_inner(self) -> Points:
        return self._line(self.points[LOWER_INNER])

    @property
    def upper_inner(self) -> Points:
        corners = self.points[LOWER_INNER][[0, -1]]
        return self._line(corners[:1], self.points[UPPER_INNER], corners[1:])

    @property
    def width(self) -> float:
        """Pixels from corner to corner."""
        left, right = self.lower_outer[[0, -1]]
        return float(np.hypot(*(right - left)))

    @property
    def gap(self) -> float:
        """Pixels between the inner lips, in their middle; 0 where they touch."""
        down = self.mesh(CHIN)[0] - self.mesh(NOSE_BRIDGE)[0]
        down /= max(float(np.hypot(*down)), 1e-6)
        middle = self.lower_inner[4:7].mean(0) - self.upper_inner[4:7].mean(0)
        return max(float(middle @ down), 0.0)

    def mesh(self, *points: int) -> Points:
        """(n, 2): points of the mesh by their numbers."""
        return self._line(self.points[[ROW_OF[point] for point in points]])

    def mapped(self, by: Affine) -> "Lips":
        return Lips(by(self.points.astype(np.float64)).astype(np.float32))

    def scaled(self, factor: float) -> "Lips":
        """The same lips in a picture that is `factor` times as large."""
        return Lips(self.points * np.float32(factor))

    @staticmethod
    def _line(*parts: NDArray[np.float32]) -> Points:
        return np.concatenate(parts).astype(np.float64)
