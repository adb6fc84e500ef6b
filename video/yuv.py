"""A decoded frame in its own YUV format; rectangles of it are read and changed as BGR."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any, Protocol

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Picture, Rect, Region
from base.planes import Colors, Matrix, PlanePart, Planes, cells_of, changes_of

Plane = NDArray[Any]  # (rows, columns) of uint8 or uint16: a view on a frame's memory

# FFmpeg's numbers of colour tags (the same as in ISO/IEC 23091-2)
UNSPECIFIED = 2
UNTAGGED = (0, 2)  # FFmpeg's colour matrices that say nothing of YUV: RGB's, and unspecified
BT709, SMPTE170M, SRGB_CURVE = 1, 6, 13
HDR_CURVES = {16: "PQ", 18: "HLG"}
LIMITED, FULL = 1, 2
LUMA_WEIGHTS = {  # of red and blue, by the number of the matrix
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}
SUBSAMPLING = {  # log2 of how many pixels wide and high a chroma sample is
    "yuv410p": (2, 2),
    "yuv411p": (2, 0),
    "yuv420p": (1, 1),
    "yuv422p": (1, 0),
    "yuv440p": (0, 1),
    "yuv444p": (0, 0),
}
STRIP = 64  # rows of a whole picture that are converted at once; whole chroma cells in any layout


@dataclass(frozen=True)
class Layout:
    """A planar pixel format: its subsampling and its depth."""

    base: str  # "gray" or a key of SUBSAMPLING
    bits: int  # a sample

    @property
    def name(self) -> str:
        """FFmpeg's name of the format."""
        return self.base if self.bits == 8 else f"{self.base}{self.bits}le"

    @property
    def has_chroma(self) -> bool:
        return self.base != "gray"

    @property
    def log2_chroma_w(self) -> int:
        """As in FFmpeg: log2 of how many pixels wide a chroma sample is."""
        return SUBSAMPLING.get(self.base, (0, 0))[0]

    @property
    def log2_chroma_h(self) -> int:
        """As in FFmpeg: log2 of how many pixels high a chroma sample is."""
        return SUBSAMPLING.get(self.base, (0, 0))[1]

    @property
    def cell(self) -> tuple[int, int]:
        """How many pixels wide and high a chroma sample is."""
        return 1 << self.log2_chroma_w, 1 << self.log2_chroma_h

    @property
    def max_value(self) -> int:
        """The largest sample."""
        return (1 << self.bits) - 1

    def chroma_rect(self, rect: Rect) -> Rect:
        """The chroma samples that a rectangle of pixels touches."""
        return cells_of(rect, self.cell)


@lru_cache(maxsize=16)
def layout_of(name: str) -> Layout | None:
    """The layout of FFmpeg's pixel format of this name; none if a Frame cannot hold it."""
    match = re.fullmatch(r"(gray|yuv4(?:10|11|20|22|40|44)p)(?:(9|10|12|14|16)le)?", name)
    return Layout(match[1], int(match[2] or 8)) if match else None


class Tagged(Protocol):
    """A frame or an encoder of PyAV."""

    colorspace: int
    color_range: int
    color_primaries: int
    color_trc: int


@dataclass(frozen=True)
class ColorTags:
    """What colours the samples of a frame stand for, in FFmpeg's numbers."""

    matrix: int = UNSPECIFIED
    range: int = 0
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED

    @classmethod
    def of(cls, tagged: Tagged) -> "ColorTags":
        return cls(
            int(tagged.colorspace),
            int(tagged.color_range),
            int(tagged.color_primaries),
            int(tagged.color_trc),
        )

    def apply_to(self, tagged: Tagged) -> None:
        """Tag a frame or an encoder so."""
        tagged.colorspace, tagged.color_range = self.matrix, self.range
        tagged.color_primaries, tagged.color_trc = self.primaries, self.transfer


def default_matrix(height: int) -> int:
    """The matrix that players assume for pictures without a tag for it."""
    return BT709 if height >= 720 else SMPTE170M


@dataclass(frozen=True, eq=False)
class Frame:
    """An immutable video frame in planar YUV or gray."""

    av_frame: av.VideoFrame
    aspect: Fraction | None = None  # width to height of one pixel
    decoded: bool = False  # its memory, and what is attached to it, are as the decoder made them

    def __post_init__(self) -> None:
        if layout_of(self.av_frame.format.name) is None:
            raise ValueError(f"a frame is planar YUV or gray, not {self.av_frame.format.name}")

    @classmethod
    def of_picture(cls, picture: Picture, even_format: str = "yuv420p") -> "Frame":
        """A BGR picture as a frame: in `even_format`, or in 4:4:4 where a side is odd."""
        height, width = picture.shape[:2]
        even = width % 2 == 0 and height % 2 == 0
        av_frame = new_av_frame(width, height, even_format if even else "yuv444p")
        ColorTags(default_matrix(height), LIMITED, BT709, SRGB_CURVE).apply_to(av_frame)
        frame = cls(av_frame)
        frame._fill(picture)
        return frame

    @classmethod
    def of_regions(
        cls, size: tuple[int, int], like: "Frame", regions: Iterable[tuple[Rect, Region]]
    ) -> "Frame":
        """A frame of (width, height) from BGR regions that together cover it.

        Each begins on whole cells and ends on them, or at the border. All else is as in `like`.
        """
        layout, (width, height) = like.layout, size
        cells = layout.chroma_rect(Rect(0, height, 0, width)).size[::-1]
        shapes = [(height, width), cells, cells][: len(like.planes())]
        empty = [np.empty(shape, like.planes()[0].dtype) for shape in shapes]
        frame = frame_from_planes(empty, layout, like)
        keep_default_matrix(frame, like)
        for rect, region in regions:
            frame._write(rect, region)
        return frame

    @property
    def width(self) -> int:
        return self.av_frame.width

    @property
    def height(self) -> int:
        return self.av_frame.height

    @property
    def tags(self) -> ColorTags:
        return ColorTags.of(self.av_frame)

    @property
    def is_hdr(self) -> bool:
        """Whether its samples follow a curve that needs ten bits, and have them."""
        return self.tags.transfer in HDR_CURVES and self.layout.bits > 8

    @cached_property
    def layout(self) -> Layout:
        layout = layout_of(self.av_frame.format.name)
        assert layout is not None  # checked at birth
        return layout

    def planes(self) -> tuple[Plane, ...]:
        """Views on luma and, unless the frame is gray, both chroma planes; not to be written to."""
        return tuple(_view(plane, self.layout.bits) for plane in self.av_frame.planes)

    @cached_property
    def samples(self) -> Planes:
        """Its planes and their colours; not to be written to."""
        return Planes(self.planes(), self.layout.cell, self._colors())

    def region(self, rect: Rect) -> Region:
        """The rectangle as BGR, in the frame's own matrix and range."""
        self._check(rect)
        return self.samples.region(rect)

    def with_region(self, rect: Rect, region: Region, before: Region | None = None) -> "Frame":
        """A frame that shows `region` in the rectangle; unchanged pixels stay bit-identical.

        `before` is `self.region(rect)`, for a caller that has it already.
        """
        before = self.region(rect) if before is None else before
        return self.with_change(rect, np.subtract(region, before, dtype=np.float32))

    def with_change(self, rect: Rect, change: Region) -> "Frame":
        """A frame with a difference in BGR added to the rectangle; 0 leaves a pixel as it is."""
        self._check(rect)
        if not change.any():
            return self
        return self.with_changed_samples(rect, changes_of(self.plane_parts(rect), change))

    def plane_parts(self, rect: Rect) -> tuple[PlanePart, ...]:
        """The samples that the rectangle touches: luma and, unless the frame is gray, chroma."""
        self._check(rect)
        return self.samples.parts(rect)

    def with_changed_samples(self, rect: Rect, changes: Sequence[NDArray[Any]]) -> "Frame":
        """A frame with a difference added to each plane's samples that the rectangle touches."""
        changed = Frame(copy_av_frame(self.av_frame), self.aspect)
        changed.samples.add(rect, changes)
        return changed

    def for_encoder(self) -> "Frame":
        """The same samples, tags and time; all else that a decoder attached is left out."""
        return Frame(copy_av_frame(self.av_frame), self.aspect) if self.decoded else self

    def downscaled(self, longest: int) -> tuple[Picture, float]:
        """A picture whose longer side has at most `longest` pixels, and its scale, at most 1."""
        scale = min(1.0, longest / max(self.width, self.height))
        return self.to_picture(self.reduced(longest)), scale

    def part(self, rect: Rect, longest: int) -> Picture:
        """The rectangle as BGR, reduced so that its longer side has at most `longest` pixels."""
        return self.to_picture(self._reduced(rect, longest))

    def reduced(self, longest: int) -> list[Plane]:
        """Its planes at one size, whose longer side has at most `longest` pixels."""
        return self._reduced(Rect(0, self.height, 0, self.width), longest)

    def _reduced(self, rect: Rect, longest: int) -> list[Plane]:
        self._check(rect)
        scale = min(1.0, longest / max(rect.size))
        width, height = rect.size
        size = max(1, round(width * scale)), max(1, round(height * scale))
        return [resize(plane[part.slices], size) for plane, part in self._parts(rect)]

    def to_picture(self, planes: Sequence[NDArray[Any]]) -> Picture:
        """BGR from planes of samples such as the frame's, all of one size."""
        return _round(self._colors().region(planes))

    def picture(self) -> Picture:
        """The whole frame as BGR."""
        picture = np.empty((self.height, self.width, 3), np.uint8)
        for rect in _strips(self.width, self.height):
            picture[rect.slices] = _round(self.region(rect))
        return picture

    def _check(self, rect: Rect) -> None:
        if rect.bottom > self.height or rect.right > self.width:
            raise ValueError(f"{rect} is not inside a {self.width}x{self.height} frame")

    def _parts(self, rect: Rect) -> Iterator[tuple[Plane, Rect]]:
        """Each plane, and its samples that the rectangle touches."""
        luma, *chroma = self.planes()
        yield luma, rect
        for plane in chroma:
            yield plane, self.layout.chroma_rect(rect)

    def _fill(self, picture: Picture) -> None:
        """Write the picture into a new frame, before anything else refers to it."""
        for rect in _strips(self.width, self.height):
            self._write(rect, picture[rect.slices].astype(np.float32))

    def _write(self, rect: Rect, region: Region) -> None:
        """Write a region that begins and ends on whole cells into a frame that is still new."""
        max_value = self.layout.max_value
        luma, *chroma = self.planes()
        yuv = cv2.transform(region, self._colors().from_bgr)
        _set_rounded(luma[rect.slices], yuv[..., 0], max_value)
        cells = self.layout.chroma_rect(rect)
        means = cv2.resize(yuv[..., 1:], cells.size, interpolation=cv2.INTER_AREA)
        for index, plane in enumerate(chroma):
            _set_rounded(plane[cells.slices], means[..., index], max_value)

    def _colors(self) -> Colors:
        """Of its samples, in its own matrix and range."""
        tags = self.tags
        matrix = tags.matrix if tags.matrix in LUMA_WEIGHTS else default_matrix(self.height)
        return _colors_of(matrix, tags.range == FULL, self.layout.bits)


@lru_cache(maxsize=16)
def _colors_of(matrix: int, full: bool, bits: int) -> Colors:
    square = np.eye(4)
    square[:3] = _yuv_from_bgr(matrix, full, bits)
    to_bgr = np.asarray(np.linalg.inv(square)[:3], np.float64)
    return Colors(to_bgr, square[:3], bits)


def _yuv_from_bgr(matrix: int, full: bool, bits: int) -> Matrix:
    red, blue = LUMA_WEIGHTS[matrix]
    luma = np.array([blue, 1 - red - blue, red])
    rows = np.stack(
        [
            luma,
            (np.array([1, 0, 0]) - luma) / (2 * (1 - blue)),
            (np.array([0, 0, 1]) - luma) / (2 * (1 - red)),
        ]
    )
    unit = 1 << (bits - 8)
    scales = [(1 << bits) - 1] * 3 if full else [219 * unit, 224 * unit, 224 * unit]
    offsets = [0 if full else 16 * unit, 128 * unit, 128 * unit]
    return np.column_stack([rows / 255 * np.array(scales)[:, None], offsets])


def new_av_frame(width: int, height: int, pixel_format: str) -> av.VideoFrame:
    """A frame whose samples are still to be written."""
    return zero_row_padding(av.VideoFrame(width, height, pixel_format))


def zero_row_padding(av_frame: av.VideoFrame) -> av.VideoFrame:
    """Clear the bytes behind each row: x264 reads them if the width is no multiple of 16."""
    bytes_per_sample = 1 if av_frame.format.components[0].bits == 8 else 2
    for plane in av_frame.planes:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, abs(plane.line_size))
        rows[:, plane.width * bytes_per_sample :] = 0
    return av_frame


def copy_av_frame(av_frame: av.VideoFrame) -> av.VideoFrame:
    """A copy in memory of its own: a decoder refers to the frames that it returned."""
    bits = av_frame.format.components[0].bits
    planes = [_view(plane, bits) for plane in av_frame.planes]
    return _new_like(av_frame, planes, av_frame.format.name)


def frame_from_planes(planes: Sequence[Plane], layout: Layout, like: Frame) -> Frame:
    """A frame with these samples, and the tags, time and aspect of another."""
    return Frame(_new_like(like.av_frame, planes, layout.name), like.aspect)


def keep_default_matrix(result: Frame, source: Frame) -> None:
    """Tag the matrix that players assume for the source if the new height changes their guess."""
    tags, matrix = source.tags, default_matrix(source.height)
    if tags.matrix in UNTAGGED and matrix != default_matrix(result.height):
        replace(tags, matrix=matrix).apply_to(result.av_frame)


def _new_like(other: av.VideoFrame, planes: Sequence[Plane], pixel_format: str) -> av.VideoFrame:
    """A frame with these samples, and the tags and time of another."""
    height, width = planes[0].shape
    av_frame = new_av_frame(width, height, pixel_format)
    bits = av_frame.format.components[0].bits
    for target, source in zip(av_frame.planes, planes, strict=True):
        _view(target, bits)[...] = source
    ColorTags.of(other).apply_to(av_frame)
    av_frame.pts = other.pts
    if other.time_base is not None:
        av_frame.time_base = other.time_base
    return av_frame


def resize(plane: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """The plane or picture at (width, height); averaged where it shrinks."""
    height, width = plane.shape[:2]
    if (width, height) == size:
        return plane
    shrinks = size[0] <= width and size[1] <= height
    return cv2.resize(plane, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def _view(plane: av.video.plane.VideoPlane, bits: int) -> Plane:
    """The plane's samples as an array on the same memory, without the padding of its rows."""
    kind = np.dtype(np.uint8 if bits == 8 else "<u2")
    pitch = abs(plane.line_size)
    flipped = plane.line_size < 0
    return np.ndarray(
        (plane.height, plane.width),
        kind,
        buffer=memoryview(plane),
        offset=(plane.height - 1) * pitch if flipped else 0,
        strides=(-pitch if flipped else pitch, kind.itemsize),
    )


def _set_rounded(view: Plane, values: NDArray[Any], max_value: int) -> None:
    view[...] = np.clip(np.rint(values), 0, max_value)


def _round(region: Region) -> Picture:
    return np.asarray(cv2.convertScaleAbs(region), np.uint8)  # rounds; nothing is negative


def _strips(width: int, height: int) -> Iterator[Rect]:
    """Rectangles that cover a picture from top to bottom, STRIP rows each."""
    for index in range(math.ceil(height / STRIP)):
        yield Rect(index * STRIP, min(height, (index + 1) * STRIP), 0, width)
