"""The figures as tables in Markdown."""

from collections.abc import Sequence

from benchmarks.blend.table import markdown
from benchmarks.limits import Line
from benchmarks.speed.figures import RATIOS, Ratio, Row, row_of
from benchmarks.speed.kinds import FLOOR


def figures(rows: Sequence[Row]) -> str:
    """A line for every clip and kind of run."""
    heads = ["clip", "run", "s", "/ floor", "cpu s", "MB", "first frame, s", "seconds by stage"]
    return markdown(heads, [_line(rows, row) for row in rows])


def _line(rows: Sequence[Row], row: Row) -> list[str]:
    base = row_of(rows, row.clip, FLOOR)
    times = f"{row.seconds / base.seconds:.2f}" if base else "-"
    start = "-" if row.first_frame is None else f"{row.first_frame:.2f}"
    stages = ", ".join(f"{name} {seconds:.2f}" for name, seconds in row.stages.items())
    plain = [f"{row.seconds:.2f}", times, f"{row.cpu_seconds:.2f}", f"{row.peak_mb:.0f}"]
    return [row.clip, row.kind, *plain, start, stages]


def compared(ratios: Sequence[Ratio]) -> str:
    """A line for every clip; empty where nothing can be compared."""
    clips = dict.fromkeys(ratio.clip for ratio in ratios)
    heads = ["clip", *(f"{kind} / {base}" for kind, base in RATIOS)]
    known = {(r.clip, r.kind, r.base): f"{r.times:.2f}" for r in ratios}
    cells = [[clip, *(known.get((clip, *pair), "-") for pair in RATIOS)] for clip in clips]
    return markdown(heads, cells) if cells else ""


def judged(lines: Sequence[Line]) -> str:
    """Every limit and whether it is kept."""
    cells = [
        ["kept" if line.passed else "missed", line.what, f"{line.figure:.2f}", line.allowed]
        for line in lines
    ]
    return markdown(["limit is", "of", "is", "limit"], cells) if cells else ""
