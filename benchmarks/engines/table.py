"""The figures as a table in Markdown."""

from collections.abc import Sequence

from benchmarks.blend.table import markdown
from benchmarks.engines.measure import Row
from benchmarks.engines.ways import PLAIN

HEADS = ["engine", "device", "precision", "part", "batch", "ms a frame", "plain / it"]
APART = ["largest difference", "mean"]


def figures(rows: Sequence[Row]) -> str:
    """A line for every way; `plain / it` is how many times faster than the plain network."""
    return markdown([*HEADS, *APART], [_line(row, plain_ms(rows, row.way.device)) for row in rows])


def plain_ms(rows: Sequence[Row], device: str) -> float | None:
    """The plain network's at its best batch size."""
    known = [
        row.ms for row in rows if row.way.engine == PLAIN and row.way.device == device and row.ms
    ]
    return min(known, default=None)


def _line(row: Row, plain: float | None) -> list[str]:
    way, apart = row.way, row.difference
    names = [way.engine, way.device, "half" if way.half else "single", way.part, str(way.batch)]
    times = f"{plain / row.ms:.2f}" if plain and row.ms else "-"
    levels = [f"{apart.largest:.0f}", f"{apart.mean:.3f}"] if apart else ["-", "-"]
    return [*names, f"{row.ms:.2f}" if row.ms else "wrong", times, *levels]
