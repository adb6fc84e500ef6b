"""The picture or video that the mouth is put into, as frames at a constant rate."""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from base.geometry import Picture
from base.media import reason_of
from video.animation import Animation, open_animation
from video.clip import Clip, IndexedFrame, check_regular_file, open_clip, unreadable
from video.loops import LOOPS
from video.pillow_picture import START_BYTES, is_sequence, open_pictures, pillow_kind
from video.shape import Shape, shape_frame
from video.still import is_picture, read_picture
from video.yuv import ColorTags, Frame

RANGE_FRAMES = 48  # decoded at once when a clip runs backward
RANGE_BYTES = 64 << 20

PLAYED_AVIF = b"avis"  # the brand of an AVIF that plays


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
    clip: Clip | Animation | None = field(repr=False, default=None)  # none for a still
    notices: tuple[str, ...] = ()  # what the user should know of it

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
            frames = self.clip.decode_range(start, stop, seekable)
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
    start = _read_start(path)
    kind = pillow_kind(start)
    if kind is not None:
        source = _open_pictures(path, kind, shape, still_fps, max_pixels)
    elif is_picture(start):
        source = _still(path, shape, still_fps, read_picture(path, max_pixels))
    else:
        source = _open_video(path, shape, still_fps, max_pixels)
    if kind == "HEIC" and is_sequence(start):
        source = replace(source, notices=(f"{path}: of its pictures the first is used",))
    return replace(source, still=True, estimated_frames=1, clip=None) if static else source


def is_photo(path: Path) -> bool:
    """Whether a file is a single picture, by its first bytes; InputError if it cannot be read.

    Of formats that can play only HEIC and AVIF tell it there.
    """
    start = _read_start(path)
    kind = pillow_kind(start)
    if kind is None:
        return is_picture(start)
    return kind == "HEIC" or (kind == "AVIF" and start[8:12] != PLAYED_AVIF)


def _open_pictures(
    path: Path, kind: str, shape: Shape, still_fps: Fraction, max_pixels: int
) -> Source:
    """A file that Pillow reads: a still where it holds one picture, else played."""
    with open_pictures(path, kind, max_pixels) as pictures:
        if len(pictures.indices) == 1:
            picture, _ = pictures.load(0)
            return _still(path, shape, still_fps, picture)
        return _film(open_animation(pictures), shape)


def _open_video(path: Path, shape: Shape, still_fps: Fraction, max_pixels: int) -> Source:
    """A file that FFmpeg reads."""
    clip = open_clip(path, max_pixels)
    source = _film(clip, shape)
    if clip.is_picture:
        return replace(source, still=True, fps=still_fps, estimated_frames=1, clip=None)
    return source


def _still(path: Path, shape: Shape, fps: Fraction, picture: Picture) -> Source:
    return Source(path, shape, True, fps, False, 1, Frame.of_picture(shape.apply(picture)))


def _film(film: Clip | Animation, shape: Shape) -> Source:
    first = shape_frame(film.first, film.orientation, shape)
    frames = None if film.duration is None else max(1, round(film.duration * film.rate))
    return Source(film.path, shape, False, film.rate, film.has_sound, frames, first, film)


def _read_start(path: Path) -> bytes:
    check_regular_file(path)
    try:
        with path.open("rb") as file:
            start = file.read(START_BYTES)
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
    with closing(source.clip.frames_at_rate()) as steps:
        for step in steps:
            frame = shape_frame(step.frame, orientation, source.shape)
            yield IndexedFrame(step.index, step.seekable, frame)


def _range_size(frame: Frame) -> int:
    """How many frames like this one to decode at once."""
    frame_bytes = sum(plane.nbytes for plane in frame.planes())
    return max(4, min(RANGE_FRAMES, RANGE_BYTES // frame_bytes))
