"""The limits of the blend methods, and how the methods compare."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean

from benchmarks.blend.measure import Row
from benchmarks.limits import LimitCheck
from quality.meters import METERS
from quality.verdict import BOUNDS, Bound

PLAIN, BASE, SHARP = "original", "ellipse", "hd"  # the others are compared with these
COST_SIZE = 256  # pixels of a face's width
COSTS = {
    "ellipse": 1.0,
    "multiscale": 3.0,
    "edge_aware": 5.0,
    "guided": 5.0,
    "hd": 8.0,
    "lips": 8.0,
}  # ms
LARGE_SIZE, LARGE_COST = 512, 4.0  # times as much
NOTICEABLE = 0.05  # of a figure: a smaller difference does not count
METER_BOUNDS = tuple(bound for bound in BOUNDS if bound.meter in METERS)


@dataclass(frozen=True, kw_only=True)
class MethodLimit(LimitCheck):
    """A limit for a method on faces of one size."""

    method: str
    size: int


@dataclass(frozen=True)
class Criterion:
    """A score by which methods are compared."""

    name: str
    badness: Callable[[Row], float]  # 0 is perfect, where there is a perfect
    least: float  # a smaller difference does not count


CRITERIA = (
    Criterion("mask_edge_step", lambda row: row.mask_edge_step, 0.05),
    Criterion("coverage", lambda row: 1 - row.coverage, 0.01),
    Criterion("old_mouth", lambda row: row.old_mouth, 0.03),
    Criterion("mouth_detail", lambda row: -row.mouth_detail, 0.02),
    Criterion("halo", lambda row: row.halo, 1.0),
    Criterion("mask_edge_colour", lambda row: row.mask_edge_colour, 0.1),
    Criterion("skin_detail", lambda row: abs(1 - row.skin_detail), 0.02),
    Criterion("skin_flicker", lambda row: row.skin_flicker, 0.03),
)


@dataclass(frozen=True)
class MethodDifference:
    """The scores in which a method is better or worse than the base method at one size."""

    method: str
    size: int
    better: tuple[str, ...]
    worse: tuple[str, ...]


def check_limits(rows: Sequence[Row]) -> list[MethodLimit]:
    """Every limit that the rows say something about; the worst face decides."""
    return [
        limit
        for size in sizes_in(rows)
        for method in methods_in(rows)
        if (chosen := select_rows(rows, method, size))
        for limit in _limits(method, size, chosen, rows)
    ]


def _limits(
    method: str, size: int, chosen: list[Row], rows: Sequence[Row]
) -> Iterator[MethodLimit]:
    limit = partial(MethodLimit, method=method, size=size)
    yield limit("outside the mask", max(row.outside_mask for row in chosen), 0.0)
    if method == PLAIN:
        return
    plain, base = select_rows(rows, PLAIN, size), select_rows(rows, BASE, size)
    if plain:
        share = _ratio_of_means(chosen, plain, "mask_edge_step")
        yield limit(f"step at the mask / {PLAIN}", share, 0.1)
    yield limit("coverage", min(row.coverage for row in chosen), 0.98, at_least=True)
    yield limit("skin flicker", max(row.skin_flicker for row in chosen), 0.5)
    if method == SHARP and size == COST_SIZE and base:
        crisper = _ratio_of_means(chosen, base, "mouth_detail")
        yield limit(f"mouth detail / {BASE}", crisper, 1.2, at_least=True)
    for bound in METER_BOUNDS:
        worst = _worst_figure(chosen, bound)
        if worst is not None:
            yield limit(bound.meter, worst, bound.passes, at_least=bound.high_is_good)
    if (cost := cost_limit(method, size)) is not None:
        yield limit("ms", mean_of_score(chosen, "ms"), cost)


def _ratio_of_means(rows: Sequence[Row], base: Sequence[Row], name: str) -> float:
    return mean_of_score(rows, name) / max(mean_of_score(base, name), 1e-6)


def _worst_figure(rows: Sequence[Row], bound: Bound) -> float | None:
    """The meter's worst figure over the faces; none where it measured nothing."""
    figures = [figure for row in rows if (figure := row.meters[bound.meter]) is not None]
    return (min if bound.high_is_good else max)(figures, default=None)


def cost_limit(method: str, size: int) -> float | None:
    """Milliseconds a frame, for the methods and sizes that have a limit."""
    times = {COST_SIZE: 1.0, LARGE_SIZE: LARGE_COST}.get(size)
    return None if times is None or method not in COSTS else times * COSTS[method]


def compare_methods(rows: Sequence[Row]) -> list[MethodDifference]:
    """Where each method is noticeably better or worse than the base, mean over the faces."""
    return [
        MethodDifference(
            method, size, _differing(rows, method, size, -1), _differing(rows, method, size, 1)
        )
        for method in methods_in(rows)
        if method not in (PLAIN, BASE)
        for size in sizes_in(rows)
        if select_rows(rows, method, size) and select_rows(rows, BASE, size)
    ]


def _differing(rows: Sequence[Row], method: str, size: int, sign: int) -> tuple[str, ...]:
    """The criteria in which the method is worse (sign 1) or better (sign -1) than the base."""
    names = []
    for criterion in CRITERIA:
        ours, base = (
            fmean(criterion.badness(row) for row in select_rows(rows, name, size))
            for name in (method, BASE)
        )
        if sign * (ours - base) > max(criterion.least, NOTICEABLE * abs(base)):
            names.append(criterion.name)
    return tuple(names)


def select_rows(rows: Sequence[Row], method: str, size: int) -> list[Row]:
    return [row for row in rows if row.method == method and row.size == size]


def mean_of_score(rows: Sequence[Row], name: str) -> float:
    return fmean(getattr(row, name) for row in rows)


def mean_of_meter(rows: Sequence[Row], name: str) -> float | None:
    """The mean over the faces on which the meter measured something; none without any."""
    figures = [figure for row in rows if (figure := row.meters[name]) is not None]
    return fmean(figures) if figures else None


def methods_in(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.method for row in rows))


def sizes_in(rows: Sequence[Row]) -> list[int]:
    return list(dict.fromkeys(row.size for row in rows))
