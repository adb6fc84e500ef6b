"""The engines' figures as a table in Markdown."""

from collections.abc import Sequence

from benchmarks.engines.measure import Row
from benchmarks.engines.variants import PLAIN
from benchmarks.markdown import markdown_table

HEADS = ["engine", "device", "precision", "part", "batch", "ms a frame", "plain / it"]
DIFFERENCE_HEADS = ["largest difference", "mean"]


def figures(rows: Sequence[Row]) -> str:
    """A line for every variant; `plain / it` is how many times faster it is than plain."""
    cells = [_cells(row, plain_ms(rows, row.variant.device)) for row in rows]
    return markdown_table([*HEADS, *DIFFERENCE_HEADS], cells)


def plain_ms(rows: Sequence[Row], device: str) -> float | None:
    """The plain network's time at its best batch size; none where it was not run."""
    plain = [row for row in rows if (row.variant.engine, row.variant.device) == (PLAIN, device)]
    return min((row.ms for row in plain if row.ms), default=None)


def _cells(row: Row, plain: float | None) -> list[str]:
    variant, difference = row.variant, row.difference
    precision = "half" if variant.half else "single"
    names = [variant.engine, variant.device, precision, variant.part, str(variant.batch)]
    times = f"{plain / row.ms:.2f}" if plain and row.ms else "-"
    levels = ["-", "-"]
    if difference:
        levels = [f"{difference.largest:.0f}", f"{difference.mean:.3f}"]
    return [*names, f"{row.ms:.2f}" if row.ms else "wrong", times, *levels]
