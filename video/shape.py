"""What is done to every picture before anything looks at it: turned, made smaller, cropped."""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from base.errors import UsageError
from base.geometry import Picture
from video.yuv import Frame, Layout, Plane, frame_of_planes, matrix_for, resized

UNSAID = (0, 2)  # FFmpeg's matrices that leave the choice to the player: RGB's and none


@dataclass(frozen=True)
class Turn:
    """One of the eight ways to lay a picture down: transposed first, then flipped."""

    transpose: bool = False
    flip_rows: bool = False
    flip_columns: bool = False

    @classmethod
    def of_matrix(cls, matrix: NDArray[np.int32]) -> "Turn":
        """From the nine numbers of a display matrix: x' = m0 x + m3 y, y' = m1 x + m4 y."""
        a, b, c, d = (int(matrix[i]) for i in (0, 1, 3, 4))
        if abs(a) + abs(d) >= abs(b) + abs(c):
            return cls(False, d < 0, a < 0)
        return cls(True, b < 0, c < 0)

    @classmethod
    def of_exif(cls, orientation: int) -> "Turn":
        """From EXIF's 1 to 8; anything else is upright."""
        ways = {
            2: cls(False, False, True),
            3: cls(False, True, True),
            4: cls(False, True, False),
            5: cls(True, False, False),
            6: cls(True, False, True),
            7: cls(True, True, True),
            8: cls(True, True, False),
        }
        return ways.get(orientation, cls())

    def apply(self, plane: NDArray[Any]) -> NDArray[Any]:
        plane = plane.swapaxes(0, 1) if self.transpose else plane
        plane = plane[::-1] if self.flip_rows else plane
        return plane[:, ::-1] if self.flip_columns else plane


CLOCKWISE = Turn(transpose=True, flip_columns=True)


@dataclass(frozen=True)
class Shape:
    """Resize, then rotate by 90 degrees clockwise, then crop; -1 in a crop reaches to the edge."""

    resize_factor: int = 1
    rotate: bool = False
    crop: tuple[int, int, int, int] = (0, -1, 0, -1)  # top, bottom, left, right

    def __post_init__(self) -> None:
        if self.resize_factor < 1:
            raise UsageError(f"resize factor {self.resize_factor}: give a whole number from 1 on")
        top, bottom, left, right = self.crop
        if min(top, left) < 0 or min(bottom, right) < -1:
            raise UsageError(f"crop {self._crop_text()}: only bottom and right can be -1, the edge")

    def size(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) of a width x height picture after all three; UsageError if it cannot."""
        width, height = self._smaller(width, height)
        if self.rotate:
            width, height = height, width
        rows, columns = self._cut(width, height)
        return columns.stop - columns.start, rows.stop - rows.start

    def apply(self, picture: Picture) -> Picture:
        """The BGR picture in this shape."""
        height, width = picture.shape[:2]
        picture = resized(picture, self._smaller(width, height))
        picture = CLOCKWISE.apply(picture) if self.rotate else picture
        height, width = picture.shape[:2]
        return np.ascontiguousarray(picture[self._cut(width, height)])

    def _smaller(self, width: int, height: int) -> tuple[int, int]:
        """Even sides when it divides: encoders and players like them, and nothing is lost here."""
        if self.resize_factor == 1:
            return width, height
        sides = (side // self.resize_factor // 2 * 2 for side in (width, height))
        width, height = next(sides), next(sides)
        if min(width, height) == 0:
            raise UsageError(f"resize factor {self.resize_factor} leaves nothing of the picture")
        return width, height

    def _cut(self, width: int, height: int) -> tuple[slice, slice]:
        top, bottom, left, right = self.crop
        bottom = height if bottom == -1 else bottom
        right = width if right == -1 else right
        if not (top < bottom <= height and left < right <= width):
            raise UsageError(
                f"crop {self._crop_text()} is not inside the {width}x{height} picture: "
                "give top bottom left right in its pixels"
            )
        return slice(top, bottom), slice(left, right)

    def _crop_text(self) -> str:
        return " ".join(map(str, self.crop))


@dataclass(frozen=True)
class _Planes:
    """A picture's planes and how they are laid out."""

    layout: Layout
    planes: tuple[Plane, ...]

    @property
    def size(self) -> tuple[int, int]:
        height, width = self.planes[0].shape
        return width, height


def shaped(frame: Frame, turn: Turn, shape: Shape) -> Frame:
    """The frame turned upright and in this shape; itself where there is nothing to do."""
    size = frame.width, frame.height
    if turn == Turn() and not shape.rotate and shape.size(*size) == size:
        return frame
    planes = _turned(_Planes(frame.layout, frame.planes()), turn)
    planes = _resized(planes, shape._smaller(*planes.size))
    planes = _turned(planes, CLOCKWISE) if shape.rotate else planes
    planes = _cropped(planes, *shape._cut(*planes.size))
    aspect = frame.aspect
    if aspect is not None and turn.transpose != shape.rotate:
        aspect = 1 / aspect
    made = frame_of_planes(planes.planes, planes.layout, like=replace(frame, aspect=aspect))
    _say_matrix(made, frame)
    return made


def _say_matrix(made: Frame, origin: Frame) -> None:
    """Players guess a matrix from the height: where that changes, the first guess must be said."""
    tags = origin.tags
    if tags.matrix in UNSAID and matrix_for(made.height) != matrix_for(origin.height):
        replace(tags, matrix=matrix_for(origin.height)).put_on(made.video)


def _turned(picture: _Planes, turn: Turn) -> _Planes:
    width, height = picture.size
    if turn.transpose:
        width, height = height, width
    layout = _transposed(picture.layout) if turn.transpose else picture.layout
    if layout is None or _splits(layout, turn, width, height):
        picture = _full_chroma(picture)
        layout = picture.layout
    return _Planes(layout, tuple(turn.apply(plane) for plane in picture.planes))


def _resized(picture: _Planes, size: tuple[int, int]) -> _Planes:
    layout = picture.layout
    chroma = -(-size[0] >> layout.across), -(-size[1] >> layout.down)
    sizes = [size, chroma, chroma]
    planes = (resized(plane, to) for plane, to in zip(picture.planes, sizes, strict=False))
    return _Planes(layout, tuple(planes))


def _cropped(picture: _Planes, rows: slice, columns: slice) -> _Planes:
    layout = picture.layout
    if rows.start % (1 << layout.down) or columns.start % (1 << layout.across):
        picture = _full_chroma(picture)
        layout = picture.layout
    luma, *chroma = picture.planes
    cells = _halved(rows, layout.down), _halved(columns, layout.across)
    return _Planes(layout, (luma[rows, columns], *(plane[cells] for plane in chroma)))


def _halved(span: slice, times: int) -> slice:
    return slice(span.start >> times, -(-span.stop >> times))


def _transposed(layout: Layout) -> Layout | None:
    """The layout that a transposed picture has; none where no format has it."""
    bases = {"yuv422p": "yuv440p", "yuv440p": "yuv422p", "yuv411p": None}
    base = bases.get(layout.base, layout.base)
    turned = None if base is None else replace(layout, base=base)
    return turned if turned is not None and _exists(turned) else None


def _exists(layout: Layout) -> bool:
    """FFmpeg has 4:4:0 in three depths only."""
    return layout.base != "yuv440p" or layout.bits in (8, 10, 12)


def _splits(layout: Layout, turn: Turn, width: int, height: int) -> bool:
    """Whether flipping would begin in the middle of a chroma cell."""
    columns = turn.flip_columns and width % (1 << layout.across) != 0
    return columns or (turn.flip_rows and height % (1 << layout.down) != 0)


def _full_chroma(picture: _Planes) -> _Planes:
    """The same picture with chroma at every pixel."""
    layout, (width, height) = picture.layout, picture.size
    luma, *chroma = picture.planes
    size = chroma[0].shape[1] << layout.across, chroma[0].shape[0] << layout.down
    spread = (cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST) for plane in chroma)
    planes = (luma, *(plane[:height, :width] for plane in spread))
    return _Planes(replace(layout, base="yuv444p"), planes)
