"""A picture that faces are looked for in, and squares cut from it as a network wants them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Box, Picture, Rect
from base.lips import LEFT_EYE, RIGHT_EYE
from faces.face import Face

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
    """A picture at its full resolution, of which only parts are ever made."""

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    def part(self, rect: Rect, longest: int, /) -> Picture:
        """The rectangle, reduced so that its longer side has at most `longest` pixels."""


@dataclass(frozen=True, eq=False)
class View:
    """A picture that faces are looked for in, and what it was reduced from."""

    picture: Picture
    scale: float = 1.0  # of the picture against the full one
    full: FullPicture | None = None  # none: the picture is as it was

    def crop(self, square: Square) -> Picture:
        """(SIDE, SIDE, 3): the square of the picture, from the full one where it is small."""
        if self.full is not None and self.scale < 1 and square.side < SIDE:
            size = self.full.width, self.full.height
            return _crop(self.full.part, size, square.scaled(1 / self.scale))
        height, width = self.picture.shape[:2]
        return _crop(self._part, (width, height), square)

    def _part(self, rect: Rect, longest: int) -> Picture:
        part, scale = self.picture[rect.slices], longest / max(rect.size)
        if scale >= 1:
            return part
        size = max(1, round(rect.size[0] * scale)), max(1, round(rect.size[1] * scale))
        return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)


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
