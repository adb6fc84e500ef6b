"""What a run did, and how long it took."""

import json
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from typing import Any, TypeVar

from base.cache import Cached
from base.errors import OutputError
from base.locks import replace_file
from base.version import __version__

T = TypeVar("T")
MOST_SPANS = 10  # stretches without a face that are listed


@dataclass(frozen=True)
class Step:
    """How far a stage is."""

    stage: str
    done: int
    of: int


@dataclass(frozen=True)
class Faces:
    """Faces in the source's own frames; a frame that is shown several times counts once."""

    frames_with: int = 0
    frames_without: int = 0
    without: tuple[tuple[int, int], ...] = ()  # first and last frame of each stretch
    cuts: int = 0
    most_at_once: int = 0
    frames_covered: int = 0  # of those without: the face is turned away, or its mouth covered

    @classmethod
    def count(
        cls,
        has_face: Iterable[bool],
        begins_shot: Iterable[bool],
        people: Iterable[int],
        covered: Iterable[bool] = (),
    ) -> "Faces":
        """From one value of each for every frame; the first frame begins no cut."""
        frames = list(map(bool, has_face))
        return cls(
            frames_with=sum(frames),
            frames_without=len(frames) - sum(frames),
            without=tuple(islice(_spans_without(frames), MOST_SPANS)),
            cuts=sum(map(bool, islice(begins_shot, 1, None))),
            most_at_once=max(map(int, people), default=0),
            frames_covered=sum(
                bool(hidden) and not there for hidden, there in zip(covered, frames, strict=False)
            ),
        )


def _spans_without(has_face: Sequence[bool]) -> Iterator[tuple[int, int]]:
    for face, run in groupby(range(len(has_face)), key=has_face.__getitem__):
        if not face:
            frames = list(run)
            yield frames[0], frames[-1]


@dataclass(frozen=True)
class StageReport:
    """What became of a stage that was wanted."""

    name: str
    state: str  # "ran", "skipped", or "partly": it failed at some frame
    reason: str = ""  # why it did not run, or what it ran with


@dataclass(frozen=True)
class Report:
    """The facts of a finished run; stages overlap, so their seconds add up to more than it took."""

    outfile: str
    engine: str
    precision: str | None  # of the network: fp32, bf16, fp16 or int8; none for the puppet
    encoder: str
    pixel_format: str
    sound: str | None  # the codec in the result
    sound_copied: bool  # or encoded anew
    fps: str
    size: tuple[int, int]
    frames: int
    frames_generated: int  # by the generator
    frames_interpolated: int  # in pauses, from generated ones
    frames_without_face: int
    seconds: float
    seconds_by_stage: dict[str, float]
    peak_memory_mb: float
    faces: Faces = field(default_factory=Faces)
    notices: tuple[str, ...] = ()
    caches: dict[str, Cached] = field(default_factory=dict)  # of each cache
    quality: dict[str, Any] = field(default_factory=dict)  # empty without --quality
    stages: tuple[StageReport, ...] = ()  # besides the mouth
    diffusion_steps: int | None = None  # of Diff2Lip; none for any other engine
    mode: dict[str, str] | None = None  # its name, what that came to, and why

    @property
    def frames_per_second(self) -> float:
        return self.frames / max(self.seconds, 1e-9)


@dataclass
class Clock:
    """Measures the seconds since it was created, and those inside each stage."""

    started: float = field(default_factory=time.perf_counter)
    stages: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        since = time.perf_counter()
        try:
            yield
        finally:
            self.stages[name] = self.stages.get(name, 0.0) + time.perf_counter() - since

    def each(self, name: str, items: Iterable[T]) -> Generator[T, None, None]:
        """Yield `items`, counting the time that each takes as stage `name`; closed together."""
        source = iter(items)
        try:
            while True:
                with self.stage(name):
                    item = next(source, self)
                if item is self:
                    return
                yield item  # type: ignore[misc]  # the end mark is never an item
        finally:
            if isinstance(source, Generator):
                source.close()

    def waiting(self, name: str, items: Iterable[T]) -> Generator[T, None, None]:
        """Yield `items`, leaving the time that each takes out of stage `name`."""
        for_nobody = Clock()
        try:
            yield from for_nobody.each(name, items)
        finally:
            spent = for_nobody.stages.get(name, 0.0)
            self.stages[name] = self.stages.get(name, 0.0) - spent

    def elapsed(self) -> float:
        return time.perf_counter() - self.started


def write_report(path: Path, facts: dict[str, Any]) -> None:
    text = json.dumps({"version": __version__, **facts}, indent=2) + "\n"
    with after_the_video(f"the report {path}", "name another --report", facts.get("outfile")):
        replace_file(path, text.encode())


@contextmanager
def after_the_video(file: str, way_out: str, video: object) -> Iterator[None]:
    """OutputError for a file that cannot be written any more, which says that the video is done."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"cannot write {file}: {error.strerror}; {way_out} (the video {video} is done)"
        ) from error
