"""What travels through the stages, and what a stage is."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from faces.face import Face
from video.yuv import Frame

if TYPE_CHECKING:
    from subtitles.pieces import TimedWord


@dataclass(frozen=True)
class OutputFrame:
    """A frame of the output on its way, and the face in it, if there is one."""

    index: int
    frame: Frame
    face: Face | None
    source_index: int = 0  # of the source's frame that it shows
    starts_shot: bool = False  # its motion is not continued from the frame before

    def __post_init__(self) -> None:
        if self.index < 0:
            raise ValueError(f"frames count from 0, got {self.index}")

    def showing(self, frame: Frame) -> "OutputFrame":
        """The same moment with another picture, the face in its place."""
        return replace(self, frame=frame)


@dataclass(frozen=True)
class VideoFormat:
    """The size and the rate of a stream of frames."""

    width: int
    height: int
    fps: Fraction

    def __post_init__(self) -> None:
        if min(self.width, self.height) < 1 or self.fps <= 0:
            raise ValueError(f"no video has {self.width}x{self.height} at {self.fps} a second")


@dataclass(frozen=True, eq=False)
class FrameSound:
    """The sound at every output frame."""

    loudness: NDArray[np.float32]  # (frames,) 0 to 1, in steps that sound alike
    speaking: NDArray[np.bool_]  # (frames,)

    def __post_init__(self) -> None:
        if self.loudness.ndim != 1 or self.loudness.shape != self.speaking.shape:
            raise ValueError(f"{self.loudness.shape} loudness, {self.speaking.shape} speaking")


@dataclass(frozen=True, eq=False)
class StageScene:
    """What is known of a run before its work begins; behind the mouth also the sound."""

    format: VideoFormat  # of the frames that the stage gets
    first: Frame = field(repr=False)  # of the source
    still: bool  # the source is one picture
    device: str = "auto"  # where networks run
    cache: Path | None = None  # folder; none: nothing is kept
    sound: "FrameSound | None" = None  # none before the mouth
    words: "tuple[TimedWord, ...]" = ()  # that are spoken, where subtitles are wanted

    def of_format(self, format: VideoFormat) -> "StageScene":
        """The same run, for a stage that gets such frames."""
        return replace(self, format=format)


class Stage(Protocol):
    """Changes frames, in order, keeping few of them in memory."""

    def output(self, format: VideoFormat) -> VideoFormat:
        """The size and rate of what it makes of such frames."""
        ...

    def __call__(self, frames: Iterator[OutputFrame], /) -> Iterator[OutputFrame]:
        """The frames it makes, each with its face where it then is."""
        ...


@runtime_checkable
class Noting(Protocol):
    """A stage that has something to say of its work, once it is done."""

    @property
    def notes(self) -> tuple[str, ...]: ...


@runtime_checkable
class Described(Protocol):
    """A stage that says what it runs with."""

    @property
    def words(self) -> str:
        """For the report."""
        ...
