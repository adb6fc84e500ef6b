"""What is done to every picture first: it is turned upright, resized, rotated and cropped."""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from base.errors import UsageError
from base.geometry import Picture
from video.yuv import Frame, Layout, Plane, frame_from_planes, keep_default_matrix, resize


@dataclass(frozen=True)
class Orientation:
    """One of the eight orientations of a picture: transpose first, then flip."""

    transpose: bool = False
    flip_rows: bool = False
    flip_columns: bool = False

    @classmethod
    def of_matrix(cls, matrix: NDArray[np.int32]) -> "Orientation":
        """From the nine numbers of FFmpeg's display matrix: x' = m0 x + m3 y, y' = m1 x + m4 y."""
        a, b, c, d = (int(matrix[i]) for i in (0, 1, 3, 4))
        if abs(a) + abs(d) >= abs(b) + abs(c):
            return cls(False, d < 0, a < 0)
        return cls(True, b < 0, c < 0)

    @classmethod
    def of_rotation(cls, degrees: int) -> "Orientation":
        """From degrees counter-clockwise, to the nearest right angle."""
        exif = {0: 1, 1: 8, 2: 3, 3: 6}
        return cls.of_exif(exif[round(degrees / 90) % 4])

    @classmethod
    def of_exif(cls, number: int) -> "Orientation":
        """From EXIF's 1 to 8; any other number is upright."""
        orientations = {
            2: cls(False, False, True),
            3: cls(False, True, True),
            4: cls(False, True, False),
            5: cls(True, False, False),
            6: cls(True, False, True),
            7: cls(True, True, True),
            8: cls(True, True, False),
        }
        return orientations.get(number, cls())

    def apply(self, plane: NDArray[Any]) -> NDArray[Any]:
        """The plane or picture turned, as a view."""
        plane = plane.swapaxes(0, 1) if self.transpose else plane
        plane = plane[::-1] if self.flip_rows else plane
        return plane[:, ::-1] if self.flip_columns else plane


CLOCKWISE = Orientation(transpose=True, flip_columns=True)


@dataclass(frozen=True)
class Shape:
    """Resize, then rotate by 90 degrees clockwise, then crop; -1 in a crop means the edge."""

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
        """The (width, height) after all three; UsageError if the crop does not fit."""
        width, height = self.resized_size(width, height)
        if self.rotate:
            width, height = height, width
        rows, columns = self.crop_slices(width, height)
        return columns.stop - columns.start, rows.stop - rows.start

    def apply(self, picture: Picture) -> Picture:
        """The BGR picture after all three."""
        height, width = picture.shape[:2]
        picture = resize(picture, self.resized_size(width, height))
        picture = CLOCKWISE.apply(picture) if self.rotate else picture
        height, width = picture.shape[:2]
        return np.ascontiguousarray(picture[self.crop_slices(width, height)])

    def resized_size(self, width: int, height: int) -> tuple[int, int]:
        """The (width, height) after resizing: even where it divides, for encoders and players."""
        if self.resize_factor == 1:
            return width, height
        sides = (side // self.resize_factor // 2 * 2 for side in (width, height))
        width, height = next(sides), next(sides)
        if min(width, height) == 0:
            raise UsageError(f"resize factor {self.resize_factor} leaves nothing of the picture")
        return width, height

    def crop_slices(self, width: int, height: int) -> tuple[slice, slice]:
        """The rows and columns of the crop in a picture that is resized and rotated."""
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
    """A picture's planes and their layout."""

    layout: Layout
    planes: tuple[Plane, ...]

    @property
    def size(self) -> tuple[int, int]:
        height, width = self.planes[0].shape
        return width, height


def shape_frame(frame: Frame, orientation: Orientation, shape: Shape) -> Frame:
    """The frame turned upright and shaped; the frame itself where there is nothing to do."""
    size = frame.width, frame.height
    if orientation == Orientation() and not shape.rotate and shape.size(*size) == size:
        return frame
    planes = _orient(_Planes(frame.layout, frame.planes()), orientation)
    planes = _resize(planes, shape.resized_size(*planes.size))
    planes = _orient(planes, CLOCKWISE) if shape.rotate else planes
    planes = _crop(planes, *shape.crop_slices(*planes.size))
    aspect = frame.aspect
    if aspect is not None and orientation.transpose != shape.rotate:
        aspect = 1 / aspect
    result = frame_from_planes(planes.planes, planes.layout, like=replace(frame, aspect=aspect))
    keep_default_matrix(result, frame)
    return result


def _orient(picture: _Planes, orientation: Orientation) -> _Planes:
    width, height = picture.size
    if orientation.transpose:
        width, height = height, width
    layout = _transposed_layout(picture.layout) if orientation.transpose else picture.layout
    if layout is None or _splits_cells(layout, orientation, width, height):
        picture = _upsample_chroma(picture)
        layout = picture.layout
    return _Planes(layout, tuple(orientation.apply(plane) for plane in picture.planes))


def _resize(picture: _Planes, size: tuple[int, int]) -> _Planes:
    layout = picture.layout
    chroma_size = -(-size[0] >> layout.log2_chroma_w), -(-size[1] >> layout.log2_chroma_h)
    luma, *chroma = picture.planes
    return _Planes(layout, (resize(luma, size), *(resize(plane, chroma_size) for plane in chroma)))


def _crop(picture: _Planes, rows: slice, columns: slice) -> _Planes:
    layout = picture.layout
    if rows.start % (1 << layout.log2_chroma_h) or columns.start % (1 << layout.log2_chroma_w):
        picture = _upsample_chroma(picture)
        layout = picture.layout
    luma, *chroma = picture.planes
    cells = _cells(rows, layout.log2_chroma_h), _cells(columns, layout.log2_chroma_w)
    return _Planes(layout, (luma[rows, columns], *(plane[cells] for plane in chroma)))


def _cells(pixels: slice, log2_size: int) -> slice:
    """The chroma cells that the pixels lie in."""
    return slice(pixels.start >> log2_size, -(-pixels.stop >> log2_size))


def _transposed_layout(layout: Layout) -> Layout | None:
    """The layout of the transposed picture; none where no format has it."""
    bases = {"yuv422p": "yuv440p", "yuv440p": "yuv422p", "yuv411p": None}
    base = bases.get(layout.base, layout.base)
    transposed = None if base is None else replace(layout, base=base)
    return transposed if transposed is not None and _exists(transposed) else None


def _exists(layout: Layout) -> bool:
    """Whether FFmpeg has the format: it has 4:4:0 in three depths only."""
    return layout.base != "yuv440p" or layout.bits in (8, 10, 12)


def _splits_cells(layout: Layout, orientation: Orientation, width: int, height: int) -> bool:
    """Whether the flipped picture would begin in the middle of a chroma cell."""
    splits_column = orientation.flip_columns and width % (1 << layout.log2_chroma_w) != 0
    splits_row = orientation.flip_rows and height % (1 << layout.log2_chroma_h) != 0
    return splits_column or splits_row


def _upsample_chroma(picture: _Planes) -> _Planes:
    """The same picture with chroma at every pixel."""
    layout, (width, height) = picture.layout, picture.size
    luma, *chroma = picture.planes
    rows, columns = chroma[0].shape
    size = columns << layout.log2_chroma_w, rows << layout.log2_chroma_h
    upsampled = (cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST) for plane in chroma)
    planes = (luma, *(plane[:height, :width] for plane in upsampled))
    return _Planes(replace(layout, base="yuv444p"), planes)
