"""What a mover is: it makes a moving source of a photo."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, TypeVar

from audio.load import Sound
from faces.face import Face
from pipeline.stages import Stages
from video.yuv import Frame

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class PhotoScene:
    """A photo that is to be moved, and all that may move it."""

    photo: Frame
    face: Face  # in the photo's pixels
    fps: Fraction  # of the frames that are made
    frames: int  # the most that can be used
    sound: Sound  # that the mouth follows
    stages: Stages  # who finds faces and lips in a driving video
    progress: Callable[[int, int], None]  # frames that are done, and how many there will be
    note: Callable[[str], None]  # what people should know of the motion

    def __post_init__(self) -> None:
        if self.frames < 1 or not self.fps > 0:
            raise ValueError(f"{self.frames} frames of a photo at {self.fps} a second")

    @property
    def seconds(self) -> Fraction:
        return self.frames / self.fps

    def counted(self, items: Iterable[T], count: int, before: int = 0) -> Iterator[T]:
        """The items, each told to whoever watches the progress, after those done before."""
        for done, item in enumerate(items, before + 1):
            yield item
            self.progress(done, count)


class Mover(Protocol):
    """Networks that are loaded, and the motion that drives them, if any.

    Yields at most `scene.frames` frames, all of one size; they are looped where they are fewer.
    """

    def __call__(self, scene: PhotoScene, /) -> Iterator[Frame]: ...
