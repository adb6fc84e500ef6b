"""The kinds of run on every clip: the command in several states, and the programs beside it."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

from benchmarks.runs.command import ClipRun, check_result, command_line, file_flags
from benchmarks.runs.process import ProcessRun, run_process
from benchmarks.runs.production import USUAL

FLOOR, COMMAND, FIRST, PUPPET, PLAIN = "floor", "command", "first", "puppet", "plain"
MODULE = (sys.executable, "-m")


@dataclass(frozen=True)
class TimedRun:
    """What one run took, in seconds and megabytes."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    first_frame: float | None  # from the process's start to the first frame with a new mouth
    stages: dict[str, float]


@dataclass(frozen=True)
class Kind:
    """The command line of a kind of run, and whether its cache is emptied first."""

    command_line: Callable[[ClipRun], list[str]]
    empty_cache: bool = False


def floor_command(run: ClipRun) -> list[str]:
    clip, module = run.clip, (*MODULE, "benchmarks.speed.floor")
    facts = ("--frames", str(clip.frames), "--fps", str(clip.fps), "--report", str(run.report))
    return [*module, *file_flags(run), *facts]


def plain_command(run: ClipRun) -> list[str]:
    module = (*MODULE, "benchmarks.speed.plain")
    network = ("--checkpoint_path", str(run.checkpoint), "--device", run.device)
    return [*module, *file_flags(run), *network, "--report", str(run.report)]


def network_command(run: ClipRun) -> list[str]:
    return command_line(run, USUAL)


def puppet_command(run: ClipRun) -> list[str]:
    return command_line(replace(run, checkpoint=None), USUAL)


KINDS: dict[str, Kind] = {
    FLOOR: Kind(floor_command),
    COMMAND: Kind(network_command),
    FIRST: Kind(network_command, empty_cache=True),
    PUPPET: Kind(puppet_command),
    PLAIN: Kind(plain_command),
}


def time_kind(name: str, run: ClipRun) -> TimedRun:
    """Run one process and check its result."""
    kind = KINDS[name]
    if kind.empty_cache:
        run = replace(run, cache=run.folder / "empty cache")
        shutil.rmtree(run.cache, ignore_errors=True)
    title = f"the run {name!r}"
    process = run_process(kind.command_line(run), title)
    check_result(run, title)
    report = json.loads(run.report.read_text())
    stages = {stage: float(s) for stage, s in report["seconds_by_stage"].items()}
    run.outfile.unlink()
    run.report.unlink()
    first = first_frame(process)
    return TimedRun(process.seconds, process.cpu_seconds, process.peak_mb, first, stages)


def first_frame(process: ProcessRun) -> float | None:
    """When the first finished frame was reported; none for programs that report nothing."""
    for seconds, line in process.lines:
        event = json.loads(line)
        if event.get("event") == "frame" and event.get("stage") == "frames":
            return seconds
    return None
