"""Compare each variant's patches with the plain network's, then time the correct ones in turn."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from base.generator import Batch, Generator, Patches
from base.geometry import Rect
from benchmarks.engines.frames import select_frames
from benchmarks.engines.variants import PLAIN, PUPPET, WHOLE, Variant

TIMED = {"cpu": 32, "cuda": 512}  # frames, by device
COMPARED = 16  # frames
TOLERANCE = {False: 2, True: 6}  # levels of 255 from float32, by `half`


@dataclass(frozen=True)
class Difference:
    """The distance to the plain network's patches, in levels of 255, in the visible part."""

    largest: float
    mean: float


@dataclass(frozen=True)
class Row:
    """A variant's speed and exactness."""

    variant: Variant
    ms: float | None  # per frame; none where the patches are wrong
    difference: Difference | None  # none for the puppet, which is no network
    passed: bool


@dataclass(frozen=True)
class Bench:
    """The inputs that all variants share."""

    checkpoint: Path
    frames: Batch
    parts: Mapping[str, Rect]

    def generator(self, variant: Variant) -> Generator:
        return variant.load(variant.settings(self.checkpoint, self.parts))

    def batches(self, variant: Variant, count: int) -> Iterator[Batch]:
        """At least `count` frames in full batches."""
        for start in range(0, count, variant.batch):
            indices = np.arange(start, start + variant.batch) % len(self.frames)
            yield select_frames(self.frames, indices)


def measure_variants(
    bench: Bench, variants: Sequence[Variant], repeats: int, report: Callable[[str], None]
) -> list[Row]:
    """The variants' differences, and medians of their times over `repeats` turns."""
    differences = compare_variants(bench, variants)
    correct = [variant for variant in variants if is_tolerable(variant, differences[variant])]
    times: dict[Variant, list[float]] = {variant: [] for variant in correct}
    for turn in range(repeats):
        report(f"turn {turn + 1} of {repeats}")
        for variant in correct:
            times[variant].append(milliseconds(bench, variant))
    return [
        Row(
            variant,
            median(times[variant]) if variant in times else None,
            differences[variant],
            passed=variant in times,
        )
        for variant in variants
    ]


def is_tolerable(variant: Variant, difference: Difference | None) -> bool:
    return difference is None or difference.largest <= TOLERANCE[variant.half]


def compare_variants(bench: Bench, variants: Sequence[Variant]) -> dict[Variant, Difference | None]:
    """Each variant's difference from the plain network on the CPU."""
    exact = generate_patches(bench, Variant(PLAIN, "cpu", False, WHOLE, COMPARED))
    return {variant: _compare(bench, variant, exact) for variant in variants}


def _compare(bench: Bench, variant: Variant, exact: Patches) -> Difference | None:
    if variant.engine == PUPPET:
        return None
    return difference_of(generate_patches(bench, variant), exact, bench.parts.get(variant.part))


def generate_patches(bench: Bench, variant: Variant) -> Patches:
    """The first frames' patches; the last batch may be a short one, as at the end of a clip."""
    starts = range(0, COMPARED, variant.batch)
    indices = np.arange(COMPARED)
    batches = [select_frames(bench.frames, indices[i : i + variant.batch]) for i in starts]
    return np.concatenate(list(bench.generator(variant)(batches)))


def difference_of(patches: Patches, exact: Patches, visible: Rect | None) -> Difference:
    """The difference within the visible part; none stands for the whole patch."""
    if patches.shape != exact.shape or patches.dtype != np.uint8:
        raise ValueError(
            f"{patches.dtype}{patches.shape} came back, not {exact.dtype}{exact.shape}"
        )
    rows, columns = visible.slices if visible else (slice(None), slice(None))
    levels = np.abs(patches[:, rows, columns].astype(int) - exact[:, rows, columns])
    return Difference(float(levels.max()), float(levels.mean()))


def milliseconds(bench: Bench, variant: Variant) -> float:
    """The time of a frame in a stream of batches, as in the command; loading is not counted."""
    generator, count = bench.generator(variant), TIMED[variant.device]
    for _ in generator(bench.batches(variant, 1)):  # the first run also allocates and compiles
        pass
    batches = list(bench.batches(variant, count))
    start = time.perf_counter()
    frames = sum(len(patches) for patches in generator(batches))
    return 1000 * (time.perf_counter() - start) / frames
