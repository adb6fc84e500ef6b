"""Pictures that move, such as GIF's, as frames at a constant rate, each as long as it states."""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path

from video.clip import IndexedFrame
from video.pillow_picture import Pictures, open_pictures
from video.shape import Orientation
from video.timing import animation_rate, sample_at_rate
from video.yuv import Frame

PROBE_PICTURES = 100  # whose durations tell the rate


@dataclass(frozen=True)
class Animation:
    """The facts of a file of several pictures that are shown one after another."""

    path: Path
    kind: str  # a key of OPENERS
    rate: Fraction  # frames a second, as `frames_at_rate` yields them
    duration: Fraction  # seconds; estimated where there are more than PROBE_PICTURES
    first: Frame = field(repr=False)
    max_pixels: int = 0  # of a frame; 0: no limit
    orientation: Orientation = field(default_factory=Orientation)  # of its frames: upright
    has_sound: bool = False

    def frames_at_rate(self) -> Generator[IndexedFrame, None, None]:
        """Decode the file once, from its first picture to its last, at the constant rate."""
        with open_pictures(self.path, self.kind, self.max_pixels) as pictures:
            for index, frame in sample_at_rate(_timed_frames(pictures), self.rate):
                yield IndexedFrame(index, False, frame)

    def decode_range(self, start: int, stop: int, seekable: bool) -> list[Frame]:
        """The frames start..stop-1; decoded from the first on, which the others build upon."""
        with closing(self.frames_at_rate()) as steps:
            return [step.frame for step in islice(steps, start, stop)]


def open_animation(pictures: Pictures) -> Animation:
    """Read the rate and the first frame; InputError where one of the pictures is damaged."""
    timed = islice(_timed_frames(pictures), PROBE_PICTURES)
    _, duration, first = next(timed)
    durations = [duration, *(duration for _, duration, _ in timed)]
    return Animation(
        path=pictures.path,
        kind=pictures.kind,
        rate=animation_rate(durations),
        duration=sum(durations, Fraction(0)) * len(pictures.indices) / len(durations),
        first=first,
        max_pixels=pictures.max_pixels,
    )


def _timed_frames(pictures: Pictures) -> Iterator[tuple[Fraction, Fraction, Frame]]:
    """Each picture's time and duration in seconds, and the picture with chroma at every pixel."""
    time = Fraction(0)
    for number in range(len(pictures.indices)):
        picture, duration = pictures.load(number)
        yield time, duration, Frame.of_picture(picture, "yuv444p")
        time += duration
