"""The table of --models, as text."""

from collections.abc import Sequence

from command.inventory import ModelRow

TITLES = ("what", "use", "run by", "mode", "through", "licence", "where")


def table_lines(rows: Sequence[ModelRow]) -> list[str]:
    """A head, and a line for each row, with columns in line; the last one is as long as it is."""
    cells = [TITLES, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    widths[-1] = 0
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in cells]


def _cells(row: ModelRow) -> tuple[str, ...]:
    where = f"{row.where} ({row.note})" if row.note else row.where
    return (row.what, row.use, row.run_by, row.mode or "", row.through, row.licence, where)
