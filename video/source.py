"""What the mouth is put into: a picture or a video, as frames at a constant rate."""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from base.media import reason_of
from video.clip import Clip, check_regular, open_clip, shown, unreadable, window
from video.loops import LOOPS
from video.shape import Shape, shaped
from video.still import is_picture, read_picture
from video.yuv import Frame, Tags

WINDOW_FRAMES = 48  # that are decoded at once on the way back
WINDOW_BYTES = 64 << 20


@dataclass(frozen=True)
class Source:
    """The facts of a picture or video, shaped and upright, and ways through its frames."""

    path: Path
    shape: Shape
    still: bool
    fps: Fraction  # constant; times come from the file's time stamps
    has_sound: bool
    estimated_frames: int | None  # of one pass
    first: Frame = field(repr=False)
    clip: Clip | None = field(repr=False, default=None)  # none for a still

    @property
    def width(self) -> int:
        return self.first.width

    @property
    def height(self) -> int:
        return self.first.height

    @property
    def tags(self) -> Tags:
        return self.first.tags

    def frames(self) -> Generator[Frame, None, None]:
        """One pass; a still is one frame."""
        with closing(_forward(self)) as steps:
            for _, _, frame in steps:
                yield frame

    def once(self) -> Generator[tuple[int, Frame], None, tuple[int, bool, Frame]]:
        """One pass, each frame with its place; the last step is returned."""
        return _once(self)

    def backward(self, last: int, seekable: bool) -> Iterator[tuple[int, Frame]]:
        """From the frame before `last` down to the second, a bounded number in memory."""
        return _backward(self, self.clip, last, seekable) if self.clip and last > 1 else iter(())

    def looped(self, count: int, how: str) -> Generator[tuple[int, Frame], None, None]:
        """Exactly `count` frames, each with its place in one pass; `how` is one of LOOPS."""
        endless = LOOPS[how](self)
        with closing(endless):
            for _ in range(count):
                yield next(endless)


def open_source(
    path: Path, shape: Shape, still_fps: Fraction, static: bool = False, most_pixels: int = 0
) -> Source:
    """A picture or video by its content; `static` takes a video's first frame only.

    A picture of more than `most_pixels` is refused; 0: of any size is taken.
    """
    if is_picture(_start_of(path)):
        frame = Frame.of_picture(shape.apply(read_picture(path, most_pixels)))
        return Source(path, shape, True, still_fps, False, 1, frame)
    clip = open_clip(path, most_pixels)
    first = shaped(clip.first, clip.turn, shape)
    if static or clip.is_picture:
        rate = still_fps if clip.is_picture else clip.rate
        return Source(path, shape, True, rate, clip.has_sound, 1, first)
    estimate = None if clip.end is None else max(1, round(clip.end * clip.rate))
    return Source(path, shape, False, clip.rate, clip.has_sound, estimate, first, clip)


def _start_of(path: Path) -> bytes:
    check_regular(path)
    try:
        with path.open("rb") as file:
            start = file.read(32)
    except (OSError, ValueError) as error:
        raise unreadable(path, reason_of(error)) from error
    if not start:
        raise unreadable(path, "the file is empty")
    return start


Steps = Generator[tuple[int, bool, Frame], None, None]  # as video.clip.shown


def _forward(source: Source) -> Steps:
    if source.clip is None:
        yield 0, False, source.first
        return
    turn = source.clip.turn
    with closing(shown(source.clip)) as steps:
        for place, own, frame in steps:
            yield place, own, shaped(frame, turn, source.shape)


def _once(source: Source) -> Generator[tuple[int, Frame], None, tuple[int, bool, Frame]]:
    """One pass; its last step is returned."""
    last: tuple[int, bool, Frame] | None = None
    with closing(_forward(source)) as steps:
        for last in steps:
            yield last[0], last[2]
    if last is None:
        raise unreadable(source.path, "its frames can no longer be decoded")
    return last


def _backward(source: Source, clip: Clip, last: int, seekable: bool) -> Iterator[tuple[int, Frame]]:
    """From the frame before the last down to the second, a bounded number in memory."""
    stop, size = last, _window_size(clip.first)
    while stop > 1:
        start = max(1, stop - size)
        frames = window(clip, start, stop, seekable)
        while frames:
            yield start + len(frames) - 1, shaped(frames.pop(), clip.turn, source.shape)
        stop = start


def _window_size(frame: Frame) -> int:
    stored = sum(plane.nbytes for plane in frame.planes())
    return max(4, min(WINDOW_FRAMES, WINDOW_BYTES // stored))
