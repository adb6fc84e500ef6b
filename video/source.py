"""The picture or video that the mouth is put into, as frames at a constant rate."""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from base.media import reason_of
from video.clip import (
    Clip,
    IndexedFrame,
    check_regular_file,
    decode_range,
    frames_at_rate,
    open_clip,
    unreadable,
)
from video.loops import LOOPS
from video.shape import Shape, shape_frame
from video.still import is_picture, read_picture
from video.yuv import ColorTags, Frame

RANGE_FRAMES = 48  # decoded at once when a clip runs backward
RANGE_BYTES = 64 << 20


@dataclass(frozen=True)
class Source:
    """A picture or video, its frames upright and shaped."""

    path: Path
    shape: Shape
    still: bool
    fps: Fraction  # constant; which frame is shown when follows the file's time stamps
    has_sound: bool
    estimated_frames: int | None  # from first to last
    first: Frame = field(repr=False)
    clip: Clip | None = field(repr=False, default=None)  # none for a still

    @property
    def width(self) -> int:
        return self.first.width

    @property
    def height(self) -> int:
        return self.first.height

    @property
    def tags(self) -> ColorTags:
        return self.first.tags

    def frames(self) -> Generator[Frame, None, None]:
        """All frames once, in order; a still is one frame."""
        with closing(_steps(self)) as steps:
            for step in steps:
                yield step.frame

    def forward(self) -> Generator[tuple[int, Frame], None, IndexedFrame]:
        """All frames once, each with its index; the generator returns the last of them."""
        last: IndexedFrame | None = None
        with closing(_steps(self)) as steps:
            for last in steps:
                yield last.index, last.frame
        if last is None:
            raise unreadable(self.path, "its frames can no longer be decoded")
        return last

    def backward(self, last: int, seekable: bool) -> Iterator[tuple[int, Frame]]:
        """The frames from index last - 1 down to 1, a bounded number of them in memory."""
        if self.clip is None:
            return
        stop, size = last, _range_size(self.clip.first)
        while stop > 1:
            start = max(1, stop - size)
            frames = decode_range(self.clip, start, stop, seekable)
            while frames:
                index, frame = start + len(frames) - 1, frames.pop()
                yield index, shape_frame(frame, self.clip.orientation, self.shape)
            stop = start

    def looped(self, count: int, loop: str) -> Generator[tuple[int, Frame], None, None]:
        """Exactly `count` frames, each with its index in the file; `loop` is a key of LOOPS."""
        endless = LOOPS[loop](self)
        with closing(endless):
            for _ in range(count):
                yield next(endless)


def open_source(
    path: Path, shape: Shape, still_fps: Fraction, static: bool = False, max_pixels: int = 0
) -> Source:
    """Open a picture or video, told apart by its content; `static` takes the first frame alone.

    InputError for a picture of more than `max_pixels`; 0: no limit.
    """
    if is_picture(_read_start(path)):
        frame = Frame.of_picture(shape.apply(read_picture(path, max_pixels)))
        return Source(path, shape, True, still_fps, False, 1, frame)
    clip = open_clip(path, max_pixels)
    first = shape_frame(clip.first, clip.orientation, shape)
    if static or clip.is_picture:
        rate = still_fps if clip.is_picture else clip.rate
        return Source(path, shape, True, rate, clip.has_sound, 1, first)
    frames = None if clip.duration is None else max(1, round(clip.duration * clip.rate))
    return Source(path, shape, False, clip.rate, clip.has_sound, frames, first, clip)


def _read_start(path: Path) -> bytes:
    check_regular_file(path)
    try:
        with path.open("rb") as file:
            start = file.read(32)
    except (OSError, ValueError) as error:
        raise unreadable(path, reason_of(error)) from error
    if not start:
        raise unreadable(path, "the file is empty")
    return start


def _steps(source: Source) -> Generator[IndexedFrame, None, None]:
    if source.clip is None:
        yield IndexedFrame(0, False, source.first)
        return
    orientation = source.clip.orientation
    with closing(frames_at_rate(source.clip)) as steps:
        for step in steps:
            frame = shape_frame(step.frame, orientation, source.shape)
            yield IndexedFrame(step.index, step.seekable, frame)


def _range_size(frame: Frame) -> int:
    """How many frames like this one to decode at once."""
    frame_bytes = sum(plane.nbytes for plane in frame.planes())
    return max(4, min(RANGE_FRAMES, RANGE_BYTES // frame_bytes))
