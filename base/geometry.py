"""Boxes, landmarks, affine maps, and the arrays that hold pictures.

Coordinates are continuous: pixel (column x, row y) covers [x, x+1) by [y, y+1), so a box of a whole
640x480 picture is Box(top=0, bottom=480, left=0, right=640), and a pixel's centre lies at x + 0.5.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (height, width, 3) BGR
Region = NDArray[np.float32]  # (height, width, 3) BGR in 0..255, not rounded
Mask = NDArray[np.float32]  # (height, width) in 0..1, read-only
Points = NDArray[np.float64]  # (n, 2) x, y
AnyPoints = NDArray[np.floating[Any]]  # (n, 2) x, y
Point = tuple[float, float]


@dataclass(frozen=True)
class Rect:
    """Half-open rectangle of whole pixels, so `picture[rect.slices]` is the cut-out."""

    top: int
    bottom: int
    left: int
    right: int

    def __post_init__(self) -> None:
        if not (0 <= self.top < self.bottom and 0 <= self.left < self.right):
            raise ValueError(f"empty or negative rectangle: {self}")

    @property
    def size(self) -> tuple[int, int]:
        """(width, height), the order cv2.resize takes."""
        return self.right - self.left, self.bottom - self.top

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def union(self, other: "Rect") -> "Rect":
        """The smallest rectangle that holds both."""
        return Rect(
            min(self.top, other.top),
            max(self.bottom, other.bottom),
            min(self.left, other.left),
            max(self.right, other.right),
        )


@dataclass(frozen=True)
class Box:
    """Rectangle in continuous coordinates; it may reach over the picture's border."""

    top: float
    bottom: float
    left: float
    right: float

    def __post_init__(self) -> None:
        edges = (self.top, self.bottom, self.left, self.right)
        if not all(map(math.isfinite, edges)):
            raise ValueError(f"box with an edge that is no number: {self}")
        if not (self.top < self.bottom and self.left < self.right):
            raise ValueError(f"empty box: {self}")

    @classmethod
    def around(cls, points: AnyPoints, before: float = 0.0, after: float = 0.0) -> "Box":
        """The smallest box that holds the points, larger above and left, and below and right."""
        (left, top), (right, bottom) = points.min(0).tolist(), points.max(0).tolist()
        return cls(top - before, bottom + after, left - before, right + after)

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def centre(self) -> Point:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def padded(self, top: float, bottom: float, left: float, right: float) -> "Box":
        return Box(self.top - top, self.bottom + bottom, self.left - left, self.right + right)

    def scaled(self, factor: float) -> "Box":
        """The same box in a picture that is `factor` times as large."""
        return Box(self.top * factor, self.bottom * factor, self.left * factor, self.right * factor)

    def inside(self, width: int, height: int) -> Rect | None:
        """The pixels of a width x height picture that the box touches, if any."""
        top, bottom = max(math.floor(self.top), 0), min(math.ceil(self.bottom), height)
        left, right = max(math.floor(self.left), 0), min(math.ceil(self.right), width)
        return Rect(top, bottom, left, right) if top < bottom and left < right else None


@dataclass(frozen=True)
class Affine:
    """The map (x, y) -> (a x + b y + c, d x + e y + f)."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    @classmethod
    def square_to_box(cls, side: int, box: Box) -> "Affine":
        """From a side x side square onto `box`."""
        return cls.size_to_box((side, side), box)

    @classmethod
    def size_to_box(cls, size: tuple[int, int], box: Box) -> "Affine":
        """From a picture of (width, height) onto `box`."""
        return cls(box.width / size[0], 0.0, box.left, 0.0, box.height / size[1], box.top)

    @classmethod
    def shift(cls, x: float, y: float) -> "Affine":
        return cls(1.0, 0.0, x, 0.0, 1.0, y)

    @classmethod
    def similarity(cls, points: AnyPoints, targets: AnyPoints) -> "Affine":
        """The rotation, scale and shift that best take `points` to `targets`, by least squares."""
        source, target = (p.astype(np.float64) @ (1, 1j) for p in (points, targets))
        centred, aim = source - source.mean(), target - target.mean()
        turn = complex(np.vdot(centred, aim) / max(np.vdot(centred, centred).real, 1e-9))
        shift = complex(target.mean() - turn * source.mean())
        return cls(turn.real, -turn.imag, shift.real, turn.imag, turn.real, shift.imag)

    def then(self, after: "Affine") -> "Affine":
        """This map followed by `after`."""
        return Affine(
            after.a * self.a + after.b * self.d,
            after.a * self.b + after.b * self.e,
            after.a * self.c + after.b * self.f + after.c,
            after.d * self.a + after.e * self.d,
            after.d * self.b + after.e * self.e,
            after.d * self.c + after.e * self.f + after.f,
        )

    def inverse(self) -> "Affine":
        area = self.a * self.e - self.b * self.d
        if area == 0:
            raise ValueError(f"no way back from {self}")
        a, b, d, e = self.e / area, -self.b / area, -self.d / area, self.a / area
        return Affine(a, b, -a * self.c - b * self.f, d, e, -d * self.c - e * self.f)

    def __call__(self, points: Points) -> Points:
        square = self._square()
        return np.asarray(points @ square[:2, :2].T + square[:2, 2], np.float64)

    def warp_matrix(self) -> NDArray[np.float64]:
        """(2, 3) for cv2.warpAffine, whose coordinates start at pixel centres."""
        x, y = ((a + b - 1) / 2 for a, b in ((self.a, self.b), (self.d, self.e)))
        return np.array([[self.a, self.b, self.c + x], [self.d, self.e, self.f + y]], np.float64)

    def _square(self) -> NDArray[np.float64]:
        return np.array(
            [[self.a, self.b, self.c], [self.d, self.e, self.f], [0.0, 0.0, 1.0]], np.float64
        )


@dataclass(frozen=True)
class Landmarks:
    """Five points of a face; left and right as they lie in the picture."""

    left_eye: Point
    right_eye: Point
    nose: Point
    left_mouth: Point
    right_mouth: Point

    def __post_init__(self) -> None:
        if not np.isfinite(self.points()).all():
            raise ValueError(f"landmark that is no number: {self}")

    @classmethod
    def of(cls, points: Points) -> "Landmarks":
        """From (5, 2), in the order of the fields."""
        return cls(*((float(x), float(y)) for x, y in points))

    @classmethod
    def fixed(cls, box: Box) -> "Landmarks":
        """The average upright face's landmarks, for a box without any detected ones."""
        places = np.array([(0.31, 0.41), (0.69, 0.41), (0.5, 0.60), (0.35, 0.78), (0.65, 0.78)])
        return cls.of(Affine.square_to_box(1, box)(places))

    def points(self) -> Points:
        return np.array(
            [self.left_eye, self.right_eye, self.nose, self.left_mouth, self.right_mouth],
            np.float64,
        )

    def mapped(self, by: Affine) -> "Landmarks":
        return Landmarks.of(by(self.points()))

    @property
    def roll(self) -> float:
        """The rotation of the lines through the eyes and the mouth, in radians clockwise."""
        (ex, ey), (mx, my) = self._line(0, 1), self._line(3, 4)
        return math.atan2(ey + my, ex + mx)

    @property
    def mouth_centre(self) -> Point:
        (ax, ay), (bx, by) = self.left_mouth, self.right_mouth
        return (ax + bx) / 2, (ay + by) / 2

    @property
    def mouth_width(self) -> float:
        return math.dist(self.left_mouth, self.right_mouth)

    def _line(self, start: int, end: int) -> Point:
        x, y = self.points()[end] - self.points()[start]
        return float(x), float(y)
