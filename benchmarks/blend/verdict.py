"""What the figures have to be, and how the methods compare."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean

from benchmarks.blend.measure import Row
from benchmarks.limits import Line

PLAIN, BASE, SHARP = "original", "ellipse", "hd"  # what the others are held against
COST_SIZE = 256
COSTS = {"ellipse": 1.0, "multiscale": 3.0, "edge_aware": 5.0, "guided": 5.0, "hd": 8.0}  # ms
LARGE_SIZE, LARGE_COST = 512, 4.0  # times as much
NOTICEABLE = 0.05  # of a figure


@dataclass(frozen=True, kw_only=True)
class MethodLine(Line):
    """A limit for a method on faces of one size."""

    method: str
    size: int


@dataclass(frozen=True)
class Measure:
    """A column by which methods are compared."""

    name: str
    badness: Callable[[Row], float]  # 0 is perfect, where there is a perfect
    least: float  # a smaller difference is none


MEASURES = (
    Measure("seam", lambda row: row.seam, 0.05),
    Measure("coverage", lambda row: 1 - row.coverage, 0.01),
    Measure("double_mouth", lambda row: row.double_mouth, 0.03),
    Measure("sharpness", lambda row: -row.sharpness, 0.02),
    Measure("halo", lambda row: row.halo, 1.0),
    Measure("colour_step", lambda row: row.colour_step, 0.1),
    Measure("texture", lambda row: abs(1 - row.texture), 0.02),
    Measure("flicker", lambda row: row.flicker, 0.03),
)


@dataclass(frozen=True)
class Comparison:
    """A method against `ellipse` at one size."""

    method: str
    size: int
    better: tuple[str, ...]
    worse: tuple[str, ...]


def verdict(rows: Sequence[Row]) -> list[MethodLine]:
    """A line for each limit that the rows say something about; the worst face decides."""
    return [
        line
        for size in sizes_of(rows)
        for method in methods_of(rows)
        if (chosen := of(rows, method, size))
        for line in _lines(method, size, chosen, rows)
    ]


def _lines(method: str, size: int, chosen: list[Row], rows: Sequence[Row]) -> list[MethodLine]:
    line = partial(MethodLine, method=method, size=size)
    lines = [line("outside", max(r.outside for r in chosen), 0.0)]
    if method == PLAIN:
        return lines
    plain, base = of(rows, PLAIN, size), of(rows, BASE, size)
    if plain:
        share = mean(chosen, "seam") / max(mean(plain, "seam"), 1e-6)
        lines.append(line("seam / original", share, 0.1))
    lines.append(line("coverage", min(r.coverage for r in chosen), 0.98, at_least=True))
    lines.append(line("flicker", max(r.flicker for r in chosen), 0.5))
    if method == SHARP and size == COST_SIZE and base:
        crisper = mean(chosen, "sharpness") / max(mean(base, "sharpness"), 1e-6)
        lines.append(line("sharpness / ellipse", crisper, 1.8, at_least=True))
    if (limit := cost_limit(method, size)) is not None:
        lines.append(line("ms", mean(chosen, "ms"), limit))
    return lines


def cost_limit(method: str, size: int) -> float | None:
    """Milliseconds a frame, where something is promised."""
    times = {COST_SIZE: 1.0, LARGE_SIZE: LARGE_COST}.get(size)
    return None if times is None or method not in COSTS else times * COSTS[method]


def compared(rows: Sequence[Row]) -> list[Comparison]:
    """Where each method is noticeably better or worse than `ellipse`, mean over the faces."""
    return [
        Comparison(
            method, size, _differing(rows, method, size, -1), _differing(rows, method, size, 1)
        )
        for method in methods_of(rows)
        if method not in (PLAIN, BASE)
        for size in sizes_of(rows)
        if of(rows, method, size) and of(rows, BASE, size)
    ]


def _differing(rows: Sequence[Row], method: str, size: int, way: int) -> tuple[str, ...]:
    found = []
    for measure in MEASURES:
        ours, base = (
            fmean(measure.badness(row) for row in of(rows, name, size)) for name in (method, BASE)
        )
        if way * (ours - base) > max(measure.least, NOTICEABLE * abs(base)):
            found.append(measure.name)
    return tuple(found)


def of(rows: Sequence[Row], method: str, size: int) -> list[Row]:
    return [row for row in rows if row.method == method and row.size == size]


def mean(rows: Sequence[Row], name: str) -> float:
    return fmean(getattr(row, name) for row in rows)


def methods_of(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.method for row in rows))


def sizes_of(rows: Sequence[Row]) -> list[int]:
    return list(dict.fromkeys(row.size for row in rows))
