"""The figures of a run, and their limits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.limits import LimitCheck
from benchmarks.lips.record import MouthRecord
from benchmarks.lips.runs import SILENCE, SPEECH, STRENGTH_0, LipsResult
from benchmarks.material.clips import FPS
from quality.series import (
    DETAIL_JUMP,
    added_trembling,
    at_times,
    common_motion,
    following,
    following_of_source,
    jumps,
    pops,
    rest_share,
    steady,
)

Floats = NDArray[np.float64]
Figure = float | None  # none: nothing to measure

OPENS = 0.1  # mouth widths that a mouth that speaks opens at least
STILL, VIDEO, VARIANT = "still", "video", "variant"
MOVES = (STILL, VIDEO, VARIANT)  # kinds of run whose mouth speaks


@dataclass(frozen=True)
class LipsLimit:
    """A figure's limit, and the kinds of run that it holds for."""

    figure: str
    limit: float
    kinds: tuple[str, ...]
    at_least: bool = False


LIMITS = (
    LipsLimit("opens", OPENS, MOVES, at_least=True),
    LipsLimit("between lips", 0.1, MOVES),
    LipsLimit("new spot", 0.2, MOVES),
    LipsLimit("new spot's edge", 0.04, MOVES),
    LipsLimit("detail", 0.9, (STILL, VIDEO), at_least=True),
    LipsLimit("detail jumps", 0.0, (STILL, VIDEO)),
    LipsLimit("opening jumps", 5.0, (STILL, VIDEO)),  # people who speak have 0 to 4.5
    LipsLimit("opening pops", 1.5, (STILL, VIDEO)),  # and 0 to 1.9
    LipsLimit("corner jumps", 0.5, (STILL, VIDEO)),
    LipsLimit("corners tremble", 0.01, (STILL, VIDEO)),
    LipsLimit("teeth tone", 3.0, (STILL, VIDEO)),
    LipsLimit("at rest", 0.95, (SILENCE, STRENGTH_0), at_least=True),
    LipsLimit("follows sound", 0.6, (VIDEO,), at_least=True),
    LipsLimit("follows source", 0.2, (VIDEO,)),
)


def kind_of(result: LipsResult) -> str:
    """The kind of run by which limits are chosen."""
    if result.run.kind == SPEECH:
        return STILL if result.run.still else VIDEO
    return result.run.kind if result.run.kind in (SILENCE, STRENGTH_0) else VARIANT


@dataclass(frozen=True)
class Judged:
    """A run's figures beside their limits, or why it has none."""

    face: str
    variant: str  # or what was spoken
    kind: str
    figures: dict[str, Figure]
    checks: tuple[LimitCheck, ...] = ()
    faceless: int = 0  # frames
    error: str = ""

    @property
    def title(self) -> str:
        return f"{self.face}, {self.variant}"

    @property
    def passed(self) -> bool:
        return not self.error and all(check.passed for check in self.checks)


def judge(result: LipsResult, drive: Floats) -> Judged:
    run, kind, record = result.run, kind_of(result), result.record
    if record is None:
        return Judged(run.face, run.kind, kind, {}, error=result.error)
    figures = figures_of(record, kind, drive)
    checks = tuple(checks_of(figures, kind))
    return Judged(run.face, run.kind, kind, figures, checks, record.faceless)


def figures_of(record: MouthRecord, kind: str, drive: Floats) -> dict[str, Figure]:
    """Every figure that a run of this kind has; `drive` is what its mouth should do, at FPS."""
    if kind in (SILENCE, STRENGTH_0):
        return {"at rest": rest_share(record.openings)}
    figures = place_figures(record)
    if kind in (STILL, VIDEO):
        figures |= look_figures(record) | motion_figures(record)
    if kind == VIDEO and drive.size:
        figures |= following_figures(record, drive)
    return figures


def place_figures(record: MouthRecord) -> dict[str, Figure]:
    """Where it opens, and whether it does; in mouth widths."""
    return {
        "opens": opened(record),
        "between lips": quantile(record.lips_offsets, 0.95),
        "new spot": quantile(record.new_middles, 0.95),
        "new spot's edge": quantile(record.new_edges, 0.95),
    }


def opened(record: MouthRecord) -> float:
    """How much the opening changes, in mouth widths."""
    low, high = np.quantile(record.openings, (0.05, 0.95)).tolist()
    return float(high - low)


def look_figures(record: MouthRecord) -> dict[str, Figure]:
    return {
        "detail": quantile(record.detail, 0.5),
        "detail jumps": per_second(jumps(record.detail, record.shots, DETAIL_JUMP), record),
        "teeth tone": quantile(record.tones, 0.9),
    }


def motion_figures(record: MouthRecord) -> dict[str, Figure]:
    """Jumps a second of the opening and of each corner; trembling in mouth widths."""
    ours, own = (most_corner_jumps(c, record) for c in (record.corners, record.source_corners))
    quiet = steady(record.openings, record.shots)
    return {
        "opening jumps": per_second(jumps(record.openings, record.shots), record),
        "opening pops": per_second(pops(record.openings, record.shots), record),
        "corner jumps": per_second(max(ours - own, 0), record),
        "corners tremble": added_trembling(record.corners, record.source_corners, quiet),
    }


def most_corner_jumps(corners: Floats, record: MouthRecord) -> int:
    """Of the worse corner."""
    return max(jumps(corners[:, side], record.shots) for side in (0, 1))


def following_figures(record: MouthRecord, drive: Floats) -> dict[str, Figure]:
    """Correlations with the new sound, and with the source's own mouth."""
    expected = at_times(record.times, np.arange(len(drive)) / float(FPS), drive)
    own = following_of_source(record.openings, record.source_openings, expected)
    return {"follows sound": following(record.openings, expected), "follows source": own}


def drive_of(results: Sequence[LipsResult], loudness: Floats) -> Floats:
    """What a mouth should do with the sound: what those of the stills do, else its loudness."""
    records = [r.record for r in results if kind_of(r) == STILL and r.record is not None]
    curves = [record.openings for record in records if opened(record) >= OPENS]
    frames = min(map(len, curves), default=0)
    motion = common_motion([curve[:frames] for curve in curves])
    return motion if motion.size else loudness


def quantile(values: Floats, share: float) -> Figure:
    known = values[np.isfinite(values)]
    return float(np.quantile(known, share)) if known.size else None


def per_second(count: int, record: MouthRecord) -> float:
    return count / max(record.seconds, 1e-6)


def checks_of(figures: dict[str, Figure], kind: str) -> list[LimitCheck]:
    """Every limit that the figures say something about."""
    return [
        LimitCheck(limit.figure, figure, limit.limit, limit.at_least)
        for limit in LIMITS
        if kind in limit.kinds and (figure := figures.get(limit.figure)) is not None
    ]
