"""A decoded picture in its own colour format; only the rectangle that is asked for becomes BGR."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Picture, Rect, Region

Plane = NDArray[Any]  # (rows, columns) of uint8 or uint16: a view on a frame's memory
Floats = NDArray[np.float32]

# FFmpeg's numbers for colour tags (the same as in ISO/IEC 23091-2)
UNSPECIFIED = 2
BT709, SMPTE170M, SRGB_CURVE = 1, 6, 13
LIMITED, FULL = 1, 2
RED_AND_BLUE = {  # matrix -> their weights in luma
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}
SUBSAMPLING = {  # halvings of chroma across and down
    "yuv410p": (2, 2),
    "yuv411p": (2, 0),
    "yuv420p": (1, 1),
    "yuv422p": (1, 0),
    "yuv440p": (0, 1),
    "yuv444p": (0, 0),
}
STRIP = (
    64  # rows that are computed at once where a whole picture is; a multiple of every chroma cell
)


@dataclass(frozen=True)
class Layout:
    """How a planar format stores a picture."""

    base: str  # "gray" or a key of SUBSAMPLING
    bits: int

    @property
    def name(self) -> str:
        return self.base if self.bits == 8 else f"{self.base}{self.bits}le"

    @property
    def chroma(self) -> bool:
        return self.base != "gray"

    @property
    def across(self) -> int:
        return SUBSAMPLING.get(self.base, (0, 0))[0]

    @property
    def down(self) -> int:
        return SUBSAMPLING.get(self.base, (0, 0))[1]

    @property
    def peak(self) -> int:
        return (1 << self.bits) - 1

    def cells(self, rect: Rect) -> Rect:
        """The chroma samples that the rectangle touches."""
        return Rect(
            rect.top >> self.down,
            -(-rect.bottom >> self.down),
            rect.left >> self.across,
            -(-rect.right >> self.across),
        )


def layout_of(name: str) -> Layout | None:
    """The layout of one of the formats that a Frame can hold."""
    found = re.fullmatch(r"(gray|yuv4(?:10|11|20|22|40|44)p)(?:(9|10|12|14|16)le)?", name)
    return Layout(found[1], int(found[2] or 8)) if found else None


class Tagged(Protocol):
    colorspace: int
    color_range: int
    color_primaries: int
    color_trc: int


@dataclass(frozen=True)
class Tags:
    """What the numbers of a picture mean, in FFmpeg's codes."""

    matrix: int = UNSPECIFIED
    range: int = 0
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED

    @classmethod
    def of(cls, tagged: Tagged) -> "Tags":
        return cls(
            int(tagged.colorspace),
            int(tagged.color_range),
            int(tagged.color_primaries),
            int(tagged.color_trc),
        )

    def put_on(self, tagged: Tagged) -> None:
        tagged.colorspace, tagged.color_range = self.matrix, self.range
        tagged.color_primaries, tagged.color_trc = self.primaries, self.transfer


def matrix_for(height: int) -> int:
    """The matrix that players take for pictures that do not name theirs."""
    return BT709 if height >= 720 else SMPTE170M


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture in planar YUV or gray, never changed once it is one."""

    video: av.VideoFrame
    aspect: Fraction | None = None  # width to height of one pixel

    def __post_init__(self) -> None:
        if layout_of(self.video.format.name) is None:
            raise ValueError(f"a frame is planar YUV or gray, not {self.video.format.name}")

    @classmethod
    def of_picture(cls, picture: Picture) -> "Frame":
        """A BGR picture as a frame: 4:2:0, or 4:4:4 where a side is odd."""
        height, width = picture.shape[:2]
        even = width % 2 == 0 and height % 2 == 0
        video = blank(width, height, "yuv420p" if even else "yuv444p")
        Tags(matrix_for(height), LIMITED, BT709, SRGB_CURVE).put_on(video)
        frame = cls(video)
        frame._paint(picture)
        return frame

    @property
    def width(self) -> int:
        return self.video.width

    @property
    def height(self) -> int:
        return self.video.height

    @property
    def tags(self) -> Tags:
        return Tags.of(self.video)

    @property
    def layout(self) -> Layout:
        found = layout_of(self.video.format.name)
        assert found is not None
        return found

    def planes(self) -> tuple[Plane, ...]:
        """Views on luma and, unless the frame is gray, both chroma planes: not to be written to."""
        return tuple(_view(plane, self.layout.bits) for plane in self.video.planes)

    def region(self, rect: Rect) -> Region:
        """The rectangle as BGR, in the frame's own matrix and range."""
        self._check(rect)
        luma, *chroma = self.planes()
        cells = self.layout.cells(rect)
        spread = [self._spread(plane[cells.slices], rect) for plane in chroma]
        return self._bgr([luma[rect.slices], *spread])

    def with_region(self, rect: Rect, region: Region, before: Region | None = None) -> "Frame":
        """A frame whose rectangle shows `region`; what it leaves alone stays bit-identical.

        `before` spares the work of `region(rect)` to whoever has it already.
        """
        before = self.region(rect) if before is None else before
        delta = np.subtract(region, before, dtype=np.float32)
        if not delta.any():
            return self
        changed = Frame(copied(self.video), self.aspect)
        changed._add(rect, cv2.transform(delta, self._from_bgr()[:, :3]).astype(np.float32))
        return changed

    def reduced(self, longest: int) -> tuple[Picture, float]:
        """A picture whose longer side has at most `longest` pixels, and its scale."""
        scale = min(1.0, longest / max(self.width, self.height))
        size = max(1, round(self.width * scale)), max(1, round(self.height * scale))
        planes = [resized(plane, size) for plane in self.planes()]
        return _rounded(self._bgr(planes)), scale

    def picture(self) -> Picture:
        """The whole frame as BGR."""
        whole = np.empty((self.height, self.width, 3), np.uint8)
        for rect in _strips(self.width, self.height):
            whole[rect.slices] = _rounded(self.region(rect))
        return whole

    def _check(self, rect: Rect) -> None:
        if rect.bottom > self.height or rect.right > self.width:
            raise ValueError(f"{rect} is not inside a {self.width}x{self.height} frame")

    def _spread(self, cut: Plane, rect: Rect) -> Plane:
        """Chroma at every pixel of the rectangle; each sample as it is, so that a cell's mean of
        the result is the sample again."""
        layout = self.layout
        if layout.across or layout.down:
            cut = cv2.resize(
                cut,
                (cut.shape[1] << layout.across, cut.shape[0] << layout.down),
                interpolation=cv2.INTER_NEAREST,
            )
        top, left = rect.top % (1 << layout.down), rect.left % (1 << layout.across)
        width, height = rect.size
        return cut[top : top + height, left : left + width]

    def _add(self, rect: Rect, delta: Floats) -> None:
        planes, peak = self.planes(), self.layout.peak
        changes = [np.asarray(change, np.float32) for change in cv2.split(delta)]
        _add_rounded(planes[0][rect.slices], changes[0], peak)
        cells = self.layout.cells(rect)
        for plane, change in zip(planes[1:], changes[1:], strict=False):  # none if gray
            _add_rounded(plane[cells.slices], self._cell_means(rect, cells, change), peak)

    def _cell_means(self, rect: Rect, cells: Rect, delta: Floats) -> Floats:
        """The mean of `delta` over each chroma cell; pixels outside the rectangle count as 0."""
        layout = self.layout
        bottom, right = cells.bottom << layout.down, cells.right << layout.across
        padded = cv2.copyMakeBorder(
            delta,
            rect.top - (cells.top << layout.down),
            bottom - rect.bottom,
            rect.left - (cells.left << layout.across),
            right - rect.right,
            cv2.BORDER_CONSTANT,
            value=0,
        )
        means = cv2.resize(padded, cells.size, interpolation=cv2.INTER_AREA).astype(np.float32)
        # the last cells of an odd-sized frame hold fewer pixels
        means[-1] *= _share_inside(bottom, self.height, 1 << layout.down)
        means[:, -1] *= _share_inside(right, self.width, 1 << layout.across)
        return means

    def _paint(self, picture: Picture) -> None:
        """Fill a frame that nobody has seen yet."""
        matrix, peak = self._from_bgr(), self.layout.peak
        luma, *chroma = self.planes()
        for rect in _strips(self.width, self.height):
            yuv = cv2.transform(picture[rect.slices].astype(np.float32), matrix)
            _set_rounded(luma[rect.slices], yuv[..., 0], peak)
            cells = self.layout.cells(rect)
            means = cv2.resize(yuv[..., 1:], cells.size, interpolation=cv2.INTER_AREA)
            for index, plane in enumerate(chroma):
                _set_rounded(plane[cells.slices], means[..., index], peak)

    def _bgr(self, planes: Sequence[Plane]) -> Region:
        if len(planes) == 1:
            neutral = np.full_like(planes[0], 1 << (self.layout.bits - 1))
            planes = [planes[0], neutral, neutral]
        region = cv2.transform(cv2.merge(planes).astype(np.float32), self._to_bgr())
        return np.asarray(np.clip(region, 0, 255, out=region), np.float32)

    def _to_bgr(self) -> NDArray[np.float64]:
        """(3, 4): from stored luma and chroma (blue, red) and 1 to B, G, R in 0..255."""
        square = np.eye(4)
        square[:3] = self._from_bgr()
        return np.asarray(np.linalg.inv(square)[:3], np.float64)

    def _from_bgr(self) -> NDArray[np.float64]:
        """(3, 4): from B, G, R in 0..255 and 1 to stored luma and chroma (blue, red)."""
        tags, bits = self.tags, self.layout.bits
        red, blue = RED_AND_BLUE.get(tags.matrix, RED_AND_BLUE[matrix_for(self.height)])
        luma = np.array([blue, 1 - red - blue, red])
        rows = np.stack(
            [
                luma,
                (np.array([1, 0, 0]) - luma) / (2 * (1 - blue)),
                (np.array([0, 0, 1]) - luma) / (2 * (1 - red)),
            ]
        )
        unit = 1 << (bits - 8)
        full = tags.range == FULL
        scales = [self.layout.peak] * 3 if full else [219 * unit, 224 * unit, 224 * unit]
        offsets = [0 if full else 16 * unit, 128 * unit, 128 * unit]
        return np.column_stack([rows / 255 * np.array(scales)[:, None], offsets])


def blank(width: int, height: int, name: str) -> av.VideoFrame:
    """A new frame, to be filled."""
    return with_quiet_margins(av.VideoFrame(width, height, name))


def with_quiet_margins(video: av.VideoFrame) -> av.VideoFrame:
    """The same, with 0 behind its rows, where x264 looks if the width is no multiple of 16."""
    bytes_each = 1 if video.format.components[0].bits == 8 else 2
    for plane in video.planes:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, abs(plane.line_size))
        rows[:, plane.width * bytes_each :] = 0
    return video


def copied(video: av.VideoFrame) -> av.VideoFrame:
    """The same picture in memory of its own: a decoded one may be shared with its decoder."""
    copy = blank(video.width, video.height, video.format.name)
    for target, source in zip(copy.planes, video.planes, strict=True):
        bits = video.format.components[0].bits
        _view(target, bits)[...] = _view(source, bits)
    Tags.of(video).put_on(copy)
    copy.pts = video.pts
    if video.time_base is not None:
        copy.time_base = video.time_base
    return copy


def frame_of_planes(planes: Sequence[Plane], layout: Layout, like: Frame) -> Frame:
    """A frame with these samples and the tags and time of another."""
    height, width = planes[0].shape
    video = blank(width, height, layout.name)
    for target, source in zip(video.planes, planes, strict=True):
        _view(target, layout.bits)[...] = source
    like.tags.put_on(video)
    video.pts = like.video.pts
    if like.video.time_base is not None:
        video.time_base = like.video.time_base
    return Frame(video, like.aspect)


def resized(plane: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """The plane or picture at (width, height): averaged where it shrinks."""
    height, width = plane.shape[:2]
    if (width, height) == size:
        return plane
    shrinks = size[0] <= width and size[1] <= height
    return cv2.resize(plane, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def _view(plane: av.video.plane.VideoPlane, bits: int) -> Plane:
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


def _share_inside(end: int, limit: int, cell: int) -> float:
    """What the mean of a cell that reaches over `limit` up to `end` must be multiplied by."""
    return cell / (cell - max(0, end - limit))


def _add_rounded(view: Plane, change: Floats, peak: int) -> None:
    kind = cv2.CV_8U if view.dtype == np.uint8 else cv2.CV_16U
    view[...] = np.minimum(cv2.add(view, change, dtype=kind), peak)  # rounds and clips by itself


def _set_rounded(view: Plane, values: NDArray[Any], peak: int) -> None:
    view[...] = np.clip(np.rint(values), 0, peak)


def _rounded(region: Region) -> Picture:
    return np.rint(region).astype(np.uint8)


def _strips(width: int, height: int) -> Iterator[Rect]:
    for index in range(math.ceil(height / STRIP)):
        yield Rect(index * STRIP, min(height, (index + 1) * STRIP), 0, width)
