"""The speeds as tables in Markdown."""

from collections.abc import Sequence

from benchmarks.limits import LimitCheck
from benchmarks.markdown import markdown_table
from benchmarks.speed.figures import RATIOS, Ratio, Row, find_row
from benchmarks.speed.kinds import FLOOR


def figures(rows: Sequence[Row]) -> str:
    """A line for every clip and kind of run."""
    heads = ["clip", "run", "s", "/ floor", "cpu s", "MB", "first frame, s", "seconds by stage"]
    return markdown_table(heads, [_cells(rows, row) for row in rows])


def _cells(rows: Sequence[Row], row: Row) -> list[str]:
    base = find_row(rows, row.clip, FLOOR)
    ratio = f"{row.seconds / base.seconds:.2f}" if base else "-"
    start = "-" if row.first_frame is None else f"{row.first_frame:.2f}"
    stages = ", ".join(f"{name} {seconds:.2f}" for name, seconds in row.stages.items())
    numbers = [f"{row.seconds:.2f}", ratio, f"{row.cpu_seconds:.2f}", f"{row.peak_mb:.0f}"]
    return [row.clip, row.kind, *numbers, start, stages]


def ratio_table(ratios: Sequence[Ratio]) -> str:
    """The ratios of every clip; empty where nothing can be compared."""
    clips = dict.fromkeys(ratio.clip for ratio in ratios)
    heads = ["clip", *(f"{kind} / {base}" for kind, base in RATIOS)]
    known = {(r.clip, r.kind, r.base): f"{r.times:.2f}" for r in ratios}
    cells = [[clip, *(known.get((clip, *pair), "-") for pair in RATIOS)] for clip in clips]
    return markdown_table(heads, cells) if cells else ""


def limit_table(limits: Sequence[LimitCheck]) -> str:
    """Every limit and whether it is kept."""
    cells = [
        ["kept" if check.passed else "missed", check.what, f"{check.figure:.2f}", check.allowed]
        for check in limits
    ]
    return markdown_table(["limit is", "of", "is", "limit"], cells) if cells else ""
