"""See the mouth of a result through the square in which the source's lips were seen."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial

import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Box, Picture, Rect
from base.lips import CONTOURS, MESH, Lips
from faces.face import Face
from faces.lips import MESH_POINTS, see_lips
from faces.view import CELL, Square
from quality.mouth_pair import MouthPair, mouth_width
from video.yuv import Frame

PART_SIDE = 384  # pixels: larger parts are reduced to this; a face is two thirds as wide

Floats = NDArray[np.float64]
PartLoader = Callable[[], Picture | None]


@dataclass(frozen=True, eq=False)
class SeenMouth:
    """The lips in a frame of the result, and where the source's are."""

    index: int  # of the frame
    result: Picture  # the part of the frame around the face
    load_source: PartLoader  # the same part of the source, cut when it is first used
    lips: Lips  # in pixels of the part
    source_lips: Lips
    square: Square
    logit: float  # of the result's being a face
    to_frame: Affine

    @cached_property
    def width(self) -> float:
        """Pixels of the source's mouth."""
        return mouth_width(self.source_lips)

    @cached_property
    def pair(self) -> MouthPair | None:
        """Both pictures; none without a source."""
        source = self.load_source()
        if source is None:
            return None
        return MouthPair(source, self.result, self.source_lips, self.lips)


def no_part() -> None:
    """The part of a source that there is not."""


def see_mouth(index: int, result: Frame, source: Frame | None, face: Face) -> SeenMouth | None:
    """The mouth where the face's lips are; none where nobody saw them, or outside the frame."""
    if face.lips is None:
        return None
    square = square_around(face.lips)
    part = Part.around(square, result)
    if part is None:
        return None
    picture, inside = part.cut(result), part.square(square)
    mesh = see_lips(picture, inside)
    lips = face.lips.mapped(part.from_frame)
    load = no_part if source is None else cache(partial(part.cut, source))
    return SeenMouth(
        index, picture, load, mesh.lips, lips, inside, mesh.logit, part.from_frame.inverse()
    )


def square_around(lips: Lips) -> Square:
    """The square in which these lips are seen again."""
    mesh = np.repeat(lips.points[:1], MESH_POINTS, axis=0)
    mesh[list(MESH)] = lips.points[CONTOURS:]
    return Square.around_mesh(mesh)


@dataclass(frozen=True)
class Part:
    """A part of a frame, and how much it is reduced."""

    rect: Rect
    scale: float  # at most 1

    @classmethod
    def around(cls, square: Square, frame: Frame) -> "Part | None":
        """All of the square that lies in the frame; whole cells of its chroma."""
        box = square.bounds
        whole = Box(
            box.top // CELL * CELL,
            math.ceil(box.bottom / CELL) * CELL,
            box.left // CELL * CELL,
            math.ceil(box.right / CELL) * CELL,
        )
        rect = whole.inside(frame.width, frame.height)
        return None if rect is None else cls(rect, min(1.0, PART_SIDE / max(rect.size)))

    @property
    def from_frame(self) -> Affine:
        shift = Affine.shift(-self.rect.left, -self.rect.top)
        return shift.then(Affine(self.scale, 0.0, 0.0, 0.0, self.scale, 0.0))

    def cut(self, frame: Frame) -> Picture:
        return frame.part(self.rect, PART_SIDE)

    def square(self, square: Square) -> Square:
        """A square of the frame in pixels of the part."""
        x, y = square.centre
        moved = Square((x - self.rect.left, y - self.rect.top), square.side, square.roll)
        return moved.scaled(self.scale)
