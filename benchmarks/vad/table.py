"""The scores as a table in Markdown."""

from collections.abc import Sequence

from benchmarks.markdown import markdown_table
from benchmarks.vad.measure import Row

HEADS = ["noise", "speech over it", "vad", "speech kept", "rest skipped", "borders off", "found"]


def figures(rows: Sequence[Row]) -> str:
    """A line for every mixture and detector."""
    return markdown_table([*HEADS, "gating saves", ""], [_cells(row) for row in rows])


def _cells(row: Row) -> list[str]:
    score = row.score
    distance = "-" if score.border_ms is None else f"{score.border_ms:.0f} ms"
    shares = f"{score.kept:.0%}", f"{score.skipped:.0%}"
    verdict = "" if row.passed else "too little"
    names = row.noise, f"{row.decibels:.0f} dB", row.vad
    return [*names, *shares, distance, f"{score.borders:.0%}", f"{score.saved:.0%}", verdict]
