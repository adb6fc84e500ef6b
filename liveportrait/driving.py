"""The motion that drives a photo: poses at a rate, from a template or a video."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from liveportrait.geometry import Pose, pose_between
from video.resampling import resampled


@dataclass(frozen=True)
class DrivingPoses:
    """Poses of a head, one after the other."""

    fps: Fraction
    poses: Sequence[Pose]

    def __post_init__(self) -> None:
        if not self.poses or not self.fps > 0:
            raise ValueError(f"a motion of {len(self.poses)} poses at {self.fps} a second")

    @property
    def duration(self) -> Fraction:
        """Seconds."""
        return len(self.poses) / self.fps

    def at_rate(self, fps: Fraction) -> Iterator[Pose]:
        """The poses at the times 0, 1 / fps, ... before the end; those between by their mean."""
        return resampled(self.poses, self.fps / fps, pose_between)
