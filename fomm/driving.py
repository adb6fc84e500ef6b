"""The motion that drives a photo: key points at a rate, and the frame that is in its pose."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from fomm.motion import KeyPoints, KeyPointTrack, key_points_between, relative, scale_between
from video.resampling import resampled


@dataclass(frozen=True, eq=False)
class DrivingPoints:
    """A head's motion as key points."""

    fps: Fraction
    points: KeyPointTrack
    initial: int | None  # the frame in the photo's pose; none: its own pose is given up

    def __post_init__(self) -> None:
        if not self.fps > 0 or not 0 <= (self.initial or 0) < len(self.points):
            raise ValueError(f"a motion from frame {self.initial} at {self.fps} a second")

    @property
    def duration(self) -> Fraction:
        """Seconds."""
        return len(self.points) / self.fps

    def moved(self, own: KeyPoints, fps: Fraction) -> Iterator[KeyPoints]:
        """Where the photo's key points, which are its own, go at the times 0, 1 / fps, ..."""
        frames = resampled(self.points, self.fps / fps, key_points_between)
        if self.initial is None:
            yield from frames
            return
        initial = self.points[self.initial]
        scale = scale_between(own, initial)
        for frame in frames:
            yield relative(own, frame, initial, scale)
