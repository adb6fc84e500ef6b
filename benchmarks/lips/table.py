"""The figures of the runs as tables in Markdown."""

from collections.abc import Sequence

from benchmarks.lips.verdict import LIMITS, Judged
from benchmarks.markdown import markdown_table


def figure_tables(runs: Sequence[Judged]) -> str:
    """A table for each kind of run, a row for every run; ! is a missed limit."""
    kinds = dict.fromkeys(run.kind for run in runs if not run.error)
    tables = [_table([run for run in runs if run.kind == kind and not run.error]) for kind in kinds]
    failed = [f"{run.title}: {run.error}" for run in runs if run.error]
    return "\n\n".join([*tables, *failed])


def _table(runs: Sequence[Judged]) -> str:
    names = list(dict.fromkeys(name for run in runs for name in run.figures))
    rows = [[run.title, *(_cell(run, name) for name in names)] for run in runs]
    limits = {limit.figure: limit for limit in LIMITS if runs[0].kind in limit.kinds}
    words = [
        ""
        if name not in limits
        else f"{'>=' if limits[name].at_least else '<='} {limits[name].limit:g}"
        for name in names
    ]
    return markdown_table([runs[0].kind, *names], [*rows, ["limit", *words]])


def _cell(run: Judged, name: str) -> str:
    value = run.figures.get(name)
    missed = any(check.what == name and not check.passed for check in run.checks)
    return "-" if value is None else f"{value:.3g}{' !' if missed else ''}"


def summary(runs: Sequence[Judged]) -> str:
    """How many runs keep each limit."""
    rows = []
    for limit in LIMITS:
        checks = [check for run in runs for check in run.checks if check.what == limit.figure]
        if checks:
            kept = sum(check.passed for check in checks)
            worst = (min if limit.at_least else max)(check.figure for check in checks)
            rows.append(
                [limit.figure, checks[0].allowed, f"{kept} of {len(checks)}", f"{worst:.3g}"]
            )
    return markdown_table(["figure", "limit", "kept by", "worst"], rows)
