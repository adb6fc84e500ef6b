"""The whole command in every precision: processor time, memory, and the meters of --quality."""

import json
from dataclasses import dataclass

from benchmarks.precision.networks import PRECISIONS
from benchmarks.runs.command import COMMAND, ClipRun, check_result, file_flags
from benchmarks.runs.process import run_process
from benchmarks.runs.production import USUAL
from quality.verdict import BOUNDS

SAME = 0.03  # of a meter's value, or of its limit where that is more


@dataclass(frozen=True)
class RunFigures:
    """What the command did with the precision's flag; its caches know clip and weights."""

    cpu_seconds: float
    peak_mb: float
    meters: dict[str, float | None]


def measure_run(run: ClipRun, precision: str) -> RunFigures:
    """Once to fill the caches and be judged, once to be measured."""
    command = _command(run, precision)
    run_process([*command, "--quality"], f"the command in {precision}")
    figures = json.loads(run.report.read_text())["quality"]["figures"]
    measured = run_process(command, f"the command in {precision}")
    check_result(run, f"the command in {precision}")
    meters = {name: figure["value"] for name, figure in figures.items()}
    return RunFigures(measured.cpu_seconds, measured.peak_mb, meters)


def _command(run: ClipRun, precision: str) -> list[str]:
    return [
        *(*COMMAND, *file_flags(run), "--checkpoint_path", str(run.checkpoint)),
        *("--engine", "openvino", "--cache_dir", str(run.cache), "--report", str(run.report)),
        *PRECISIONS[precision],
        *USUAL.split(),
    ]


def changed_meters(figures: RunFigures, others: RunFigures) -> list[str]:
    """The meters that differ by more than SAME."""
    limits = {bound.meter: abs(bound.passes) for bound in BOUNDS}
    return [
        name
        for name, value in figures.meters.items()
        if _differ(value, others.meters[name], limits.get(name, 0.0))
    ]


def _differ(value: float | None, other: float | None, limit: float) -> bool:
    if value is None or other is None:
        return value is not other
    return abs(value - other) > SAME * max(abs(other), limit)
