"""Each way's patches are compared first; only what is right is timed, all ways in turn."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from base.geometry import Rect
from benchmarks.engines.frames import part
from benchmarks.engines.ways import PLAIN, PUPPET, WHOLE, Way
from wav2lip.generators.batch import Batch, Generator, Patches

FRAMES = {"cpu": 32, "cuda": 512}  # that are timed at once
COMPARED = 16  # frames
TOLERANCE = {False: 2, True: 6}  # levels of 255 from float32, by `half`: more is another network


@dataclass(frozen=True)
class Difference:
    """From the plain network's patches, in levels of 255, where the patch is shown."""

    largest: float
    mean: float


@dataclass(frozen=True)
class Row:
    way: Way
    ms: float | None  # a frame; none where the patches are wrong
    difference: Difference | None  # none for the puppet, which is no network
    passed: bool


@dataclass(frozen=True)
class Bench:
    """What all ways are given."""

    checkpoint: Path
    cache: Path
    frames: Batch
    parts: Mapping[str, Rect]

    def generator(self, way: Way) -> Generator:
        return way.load(way.settings(self.checkpoint, self.cache, self.parts))

    def batches(self, way: Way, count: int) -> Iterator[Batch]:
        """At least `count` frames in full batches."""
        for start in range(0, count, way.batch):
            places = np.arange(start, start + way.batch) % len(self.frames)
            yield part(self.frames, places)


def rows(bench: Bench, ways: Sequence[Way], repeats: int, tell: Callable[[str], None]) -> list[Row]:
    """Medians over `repeats` turns."""
    apart = compared(bench, ways)
    right = [way for way in ways if kept(way, apart[way])]
    times: dict[Way, list[float]] = {way: [] for way in right}
    for turn in range(repeats):
        tell(f"turn {turn + 1} of {repeats}")
        for way in right:
            times[way].append(milliseconds(bench, way))
    return [
        Row(way, median(times[way]) if way in times else None, apart[way], way in times)
        for way in ways
    ]


def kept(way: Way, apart: Difference | None) -> bool:
    return apart is None or apart.largest <= TOLERANCE[way.half]


def compared(bench: Bench, ways: Sequence[Way]) -> dict[Way, Difference | None]:
    """Each way against the plain network on the CPU."""
    exact = patches(bench, Way(PLAIN, "cpu", False, WHOLE, COMPARED))
    return {way: _compared(bench, way, exact) for way in ways}


def _compared(bench: Bench, way: Way, exact: Patches) -> Difference | None:
    if way.engine == PUPPET:
        return None
    return difference(patches(bench, way), exact, bench.parts.get(way.part))


def patches(bench: Bench, way: Way) -> Patches:
    """Of the first frames; the last batch may be a short one, as at the end of a clip."""
    starts = range(0, COMPARED, way.batch)
    places = np.arange(COMPARED)
    given = [part(bench.frames, places[at : at + way.batch]) for at in starts]
    return np.concatenate(list(bench.generator(way)(given)))


def difference(made: Patches, exact: Patches, shown: Rect | None) -> Difference:
    if made.shape != exact.shape or made.dtype != np.uint8:
        raise ValueError(f"{made.dtype}{made.shape} came back, not {exact.dtype}{exact.shape}")
    where = shown.slices if shown else (slice(None), slice(None))
    apart = np.abs(made[:, where[0], where[1]].astype(int) - exact[:, where[0], where[1]])
    return Difference(float(apart.max()), float(apart.mean()))


def milliseconds(bench: Bench, way: Way) -> float:
    """A frame's, in a stream of batches as the command makes them; loading is not counted."""
    generator, count = bench.generator(way), FRAMES[way.device]
    for _ in generator(bench.batches(way, 1)):  # the first run prepares
        pass
    batches = list(bench.batches(way, count))
    since = time.perf_counter()
    made = sum(len(done) for done in generator(batches))
    return 1000 * (time.perf_counter() - since) / made
