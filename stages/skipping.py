"""A stage that fails in the middle of the work, and what goes on in its place."""

import math
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, islice

from base.errors import LipSyncError
from base.memory import OUT_OF_MEMORY_MESSAGE, is_out_of_memory
from stages.stage import OutputFrame, Stage, VideoFormat


@dataclass(frozen=True)
class Unchanged:
    """Lets every frame pass."""

    def output(self, format: VideoFormat) -> VideoFormat:
        return format

    def __call__(self, frames: Iterator[OutputFrame], /) -> Iterator[OutputFrame]:
        return frames


@dataclass(eq=False)
class Skippable:
    """A stage, and another of the same format that takes over where it fails. No frame is lost."""

    stage: Stage
    instead: Stage
    format: VideoFormat
    failure: str | None = None  # once it has failed: why, and from which frame on

    def __post_init__(self) -> None:
        if self.instead.output(self.format) != self.stage.output(self.format):
            raise ValueError("what stands in for a stage makes frames of another format")

    def output(self, format: VideoFormat) -> VideoFormat:
        return self.stage.output(format)

    def __call__(self, frames: Iterator[OutputFrame], /) -> Generator[OutputFrame, None, None]:
        unfinished = _Unfinished(frames, self.stage.output(self.format).fps / self.format.fps)
        made = self.stage(unfinished)
        try:
            for output in made:
                unfinished.count_made()
                yield output
        except Exception as error:
            reason = _reason(error)
            if reason is None or error is unfinished.error:
                raise
            self.failure = f"failed at frame {unfinished.made}: {reason}"
        finally:
            if isinstance(made, Generator):
                made.close()
        if self.failure is not None:
            rest = self.instead(unfinished.rest())
            yield from islice(rest, unfinished.made_of_rest, None)


def _reason(error: Exception) -> str | None:
    """Why a stage failed, for people; none for a bug."""
    if isinstance(error, LipSyncError):
        return str(error)
    return OUT_OF_MEMORY_MESSAGE if is_out_of_memory(error) else None


@dataclass(eq=False)
class _Unfinished:
    """Frames on their way into a stage; it keeps those that the stage is not done with."""

    frames: Iterator[OutputFrame]
    rate: Fraction  # frames that the stage makes of one
    kept: deque[OutputFrame] = field(default_factory=deque)
    done: int = 0  # that were kept and are not any more
    made: int = 0
    error: Exception | None = None  # of the frames themselves

    def __iter__(self) -> Iterator[OutputFrame]:
        return self

    def __next__(self) -> OutputFrame:
        try:
            output = next(self.frames)
        except StopIteration:
            raise
        except Exception as error:
            self.error = error
            raise
        self.kept.append(output)
        return output

    def count_made(self) -> None:
        self.made += 1
        while self.kept and self.done < int(self.made / self.rate):
            self.kept.popleft()
            self.done += 1

    def rest(self) -> Iterator[OutputFrame]:
        return chain(self.kept, self.frames)

    @property
    def made_of_rest(self) -> int:
        """How many of the frames that come of the rest are there already."""
        return max(self.made - math.ceil(self.done * self.rate), 0)
