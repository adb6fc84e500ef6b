"""A picture that faces are looked for in, and squares cut from it as a network wants them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Box, Picture, Rect
from base.lips import LEFT_EYE, RIGHT_EYE
from faces.face import Face

Plane = NDArray[Any]  # (rows, columns) of samples, or (rows, columns, 3) of BGR

SIDE = 192  # pixels of the square that the lips network sees
REACH = 1.5  # of a square: how much larger it is than the face in it
CELL = 4  # pixels: rectangles of a full picture begin and end on whole cells of its chroma


@dataclass(frozen=True)
class Square:
    """A turned square in a picture, in continuous pixels."""

    centre: tuple[float, float]
    side: float
    roll: float  # radians clockwise

    @classmethod
    def around_face(cls, face: Face) -> "Square":
        """Where the network may look for a detected face first."""
        (x0, y0), (x1, y1) = face.landmarks.left_eye, face.landmarks.right_eye
        side = REACH * max(face.box.width, face.box.height)
        return cls(face.box.centre, side, math.atan2(y1 - y0, x1 - x0))

    @classmethod
    def around_mesh(cls, mesh: NDArray[np.float32]) -> "Square":
        """Level with the outer corners of the eyes, around all points of a mesh."""
        right = mesh[RIGHT_EYE[1], :2] - mesh[LEFT_EYE[0], :2]
        roll = math.atan2(float(right[1]), float(right[0]))
        cos, sin = math.cos(roll), math.sin(roll)
        turned = mesh[:, :2] @ np.array([[cos, -sin], [sin, cos]])
        low, high = turned.min(0), turned.max(0)
        x, y = ((low + high) / 2).tolist()
        side = REACH * float((high - low).max())
        return cls((x * cos - y * sin, x * sin + y * cos), side, roll)

    @property
    def to_picture(self) -> Affine:
        """From the pixels of the network's input."""
        scale = self.side / SIDE
        cos, sin = math.cos(self.roll) * scale, math.sin(self.roll) * scale
        half = SIDE / 2
        x, y = self.centre
        return Affine(cos, -sin, x - (cos - sin) * half, sin, cos, y - (sin + cos) * half)

    @property
    def bounds(self) -> Box:
        """The upright box around it."""
        reach = self.side / 2 * (abs(math.cos(self.roll)) + abs(math.sin(self.roll)))
        x, y = self.centre
        return Box(y - reach, y + reach, x - reach, x + reach)

    def scaled(self, factor: float) -> "Square":
        """The same square in a picture that is `factor` times as large."""
        x, y = self.centre
        return Square((x * factor, y * factor), self.side * factor, self.roll)

    def jittered(self, across: float, down: float, growth: float) -> "Square":
        """Moved by shares of its side, and so much larger."""
        x, y = self.centre
        centre = x + across * self.side, y + down * self.side
        return Square(centre, self.side * growth, self.roll)


class FullPicture(Protocol):
    """A picture at its full resolution; of its samples only what is looked at becomes BGR."""

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    def part(self, rect: Rect, longest: int, /) -> Picture:
        """The rectangle, reduced so that its longer side has at most `longest` pixels."""

    def planes(self) -> Sequence[Plane]:
        """Its samples."""

    def reduced(self, longest: int, /) -> Sequence[Plane]:
        """The planes at one size, whose longer side has at most `longest` pixels."""

    def to_picture(self, planes: Sequence[Plane], /) -> Picture:
        """BGR from such planes, or from the same part of each."""


@dataclass(frozen=True, eq=False)
class BgrPicture:
    """A picture that is BGR already: its only plane. It is not reduced."""

    pixels: Picture

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    def part(self, rect: Rect, longest: int, /) -> Picture:
        return _at_most(self.pixels[rect.slices], longest)

    def planes(self) -> Sequence[Plane]:
        return (self.pixels,)

    def reduced(self, longest: int, /) -> Sequence[Plane]:
        return (_at_most(self.pixels, longest),)

    def to_picture(self, planes: Sequence[Plane], /) -> Picture:
        return planes[0]


@dataclass(frozen=True, eq=False)
class View:
    """A picture that faces are looked for in, reduced where it is large."""

    full: FullPicture
    longest: int  # pixels that its longer side has at most

    @classmethod
    def of(cls, picture: Picture) -> "View":
        """Of a picture that is not reduced."""
        return cls(BgrPicture(picture), max(picture.shape))

    @property
    def scale(self) -> float:
        """Of the reduced picture against the full one."""
        return min(1.0, self.longest / max(self.full.width, self.full.height))

    @cached_property
    def picture(self) -> Picture:
        """The reduced picture."""
        return self.full.to_picture(self._planes)

    def thumbnail(self, side: int) -> Picture:
        """The whole picture in a square of `side` pixels."""
        return self.full.to_picture([_averaged(plane, side) for plane in self.full.planes()])

    def crop(self, square: Square) -> Picture:
        """(SIDE, SIDE, 3): a square of the reduced picture, cut from the full one where small."""
        if self.scale < 1 and square.side < SIDE:
            size = self.full.width, self.full.height
            return _crop(self.full.part, size, square.scaled(1 / self.scale))
        height, width = self._planes[0].shape[:2]
        return _crop(self._part, (width, height), square)

    @cached_property
    def _planes(self) -> Sequence[Plane]:
        """Of the reduced picture."""
        return self.full.reduced(self.longest)

    def _part(self, rect: Rect, longest: int) -> Picture:
        """Of the reduced picture, as of a full one."""
        part = self.full.to_picture([plane[rect.slices] for plane in self._planes])
        return _at_most(part, longest)


def _at_most(picture: Picture, longest: int) -> Picture:
    """The picture, averaged where its longer side has more than `longest` pixels."""
    height, width = picture.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _averaged(plane: Plane, side: int) -> Plane:
    """The plane at `side` x `side`; a large one is halved first, which is much faster."""
    height, width = plane.shape[:2]
    while min(height, width) >= 4 * side and not (height % 2 or width % 2):
        height, width = height // 2, width // 2
        plane = cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA)
    return cv2.resize(plane, (side, side), interpolation=cv2.INTER_AREA)


def _crop(part: Callable[[Rect, int], Picture], size: tuple[int, int], square: Square) -> Picture:
    """The square of a picture of this size; where it is large, pixels are averaged first."""
    rect = _cells(square.bounds, size)
    if rect is None:
        return np.zeros((SIDE, SIDE, 3), np.uint8)
    pixels = part(rect, math.ceil(max(rect.size) / max(1, math.floor(square.side / SIDE))))
    (width, height), (rows, columns) = rect.size, pixels.shape[:2]
    in_part = Affine(columns / width, 0, 0, 0, rows / height, 0)
    to_part = square.to_picture.then(Affine.shift(-rect.left, -rect.top)).then(in_part)
    crop = cv2.warpAffine(
        pixels,
        to_part.warp_matrix(),
        (SIDE, SIDE),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(crop, np.uint8)


def _cells(box: Box, size: tuple[int, int]) -> Rect | None:
    """The pixels of a picture that the box and one more pixel around it touch, in whole cells."""
    rect = box.padded(1, 1, 1, 1).inside(*size)
    if rect is None:
        return None
    width, height = size
    return Rect(
        rect.top // CELL * CELL,
        min(-(-rect.bottom // CELL) * CELL, height),
        rect.left // CELL * CELL,
        min(-(-rect.right // CELL) * CELL, width),
    )
