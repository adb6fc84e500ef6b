"""What is run on every clip: the command in its several states, and what it is held against."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

from benchmarks.runs.cold import Ran, ran
from benchmarks.runs.command import Task, check_result, command_words, inputs
from benchmarks.runs.production import USUAL

FLOOR, COMMAND, FIRST, PUPPET, PLAIN = "floor", "command", "first", "puppet", "plain"
MODULE = (sys.executable, "-m")


@dataclass(frozen=True)
class Once:
    """A run, in seconds and megabytes."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    first_frame: float | None  # from the process's start until a frame had its mouth
    stages: dict[str, float]


@dataclass(frozen=True)
class Kind:
    words: Callable[[Task], list[str]]
    empty_cache: bool = False


def floor_words(task: Task) -> list[str]:
    clip, module = task.clip, (*MODULE, "benchmarks.speed.floor")
    facts = ("--frames", str(clip.frames), "--fps", str(clip.fps), "--report", str(task.report))
    return [*module, *inputs(task), *facts]


def plain_words(task: Task) -> list[str]:
    module = (*MODULE, "benchmarks.speed.plain")
    network = ("--checkpoint_path", str(task.checkpoint), "--device", task.device)
    return [*module, *inputs(task), *network, "--report", str(task.report)]


def network_words(task: Task) -> list[str]:
    return command_words(task, USUAL)


def puppet_words(task: Task) -> list[str]:
    return command_words(replace(task, checkpoint=None), USUAL)


KINDS: dict[str, Kind] = {
    FLOOR: Kind(floor_words),
    COMMAND: Kind(network_words),
    FIRST: Kind(network_words, empty_cache=True),
    PUPPET: Kind(puppet_words),
    PLAIN: Kind(plain_words),
}


def once(name: str, task: Task) -> Once:
    """One cold process, its result checked."""
    kind = KINDS[name]
    if kind.empty_cache:
        task = replace(task, cache=task.folder / "empty cache")
        shutil.rmtree(task.cache, ignore_errors=True)
    what = f"the run {name!r}"
    facts = ran(kind.words(task), what)
    check_result(task, what)
    report = json.loads(task.report.read_text())
    stages = {stage: float(s) for stage, s in report["seconds_by_stage"].items()}
    task.outfile.unlink()
    task.report.unlink()
    return Once(facts.seconds, facts.cpu_seconds, facts.peak_mb, first_frame(facts), stages)


def first_frame(facts: Ran) -> float | None:
    """When the first finished frame was told of; none for programs that tell nothing."""
    for at, line in facts.lines:
        event = json.loads(line)
        if event.get("event") == "frame" and event.get("stage") == "frames":
            return at
    return None
