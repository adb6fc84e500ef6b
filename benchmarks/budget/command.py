"""python -m benchmarks budget: what is asked, what is run, what is told."""

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.blend.table import markdown
from benchmarks.flags import checked_place, keep, parser_for
from benchmarks.material.asked import add_inputs, checkpoint_of, clips_of, count, told
from benchmarks.material.clips import STILL
from benchmarks.runs.cold import ran
from benchmarks.runs.command import Task, check_result, command_words
from benchmarks.runs.production import LOOKS

LIMIT = 15.0  # seconds that the host gives the command, from its start to the file
SECONDS = {"720p": 10.0, "1080p": 10.0, "1080x1920": 20.0, STILL: 10.0}
REPEATS = 3
ENGINES = ("network", "puppet")


@dataclass(frozen=True)
class Row:
    """One of the host's commands on one clip."""

    clip: str
    clip_seconds: float
    look: str
    runs: tuple[float, ...]  # seconds
    limit: float

    def __post_init__(self) -> None:
        if not self.runs:
            raise ValueError(f"{self.look} on {self.clip} was never run")

    @property
    def seconds(self) -> float:
        return median(self.runs)

    @property
    def passed(self) -> bool:
        return self.seconds <= self.limit


def main(argv: Sequence[str]) -> int:
    """0 where every command is done in time, 1 where one is not."""
    given = _parser().parse_args(argv)
    checked_place(given.out, "--out")
    rows = run(given)
    print(figures(rows))
    if given.out is not None:
        keep(given.out, {"settings": _settings(given), **plain(rows)})
    return 0 if all(row.passed for row in rows) else 1


def run(given: argparse.Namespace) -> list[Row]:
    with TemporaryDirectory(prefix="lips-") as name:
        folder = Path(name)
        clips = clips_of(given, SECONDS, folder)
        weights = checkpoint_of(given, folder) if given.engine == "network" else None
        tasks = [Task(clip, weights, given.device, folder, folder / "cache") for clip in clips]
        return [row for task in tasks for row in rows_of(task, given)]


def rows_of(task: Task, given: argparse.Namespace) -> Iterator[Row]:
    """Every look in turn; the caches are those of a machine that knows the clip, or empty."""
    runs: dict[str, list[float]] = {look: [] for look in LOOKS}
    if not given.empty_caches:
        seconds_of(task, next(iter(LOOKS)))
    for _ in range(_repeats(given)):
        for look, times in runs.items():
            times.append(seconds_of(_emptied(task) if given.empty_caches else task, look))
            print(f"{task.clip.name}, {look}: {times[-1]:.2f} s", file=sys.stderr)
    for look, times in runs.items():
        yield Row(task.clip.name, task.clip.seconds, look, tuple(times), given.limit)


def _emptied(task: Task) -> Task:
    shutil.rmtree(task.folder / "empty cache", ignore_errors=True)
    return replace(task, cache=task.folder / "empty cache")


def seconds_of(task: Task, look: str) -> float:
    """From the process's start to its end; its result is checked."""
    done = ran(command_words(task, LOOKS[look]), "the command")
    check_result(task, "the command")
    task.outfile.unlink()
    return done.seconds


def figures(rows: Sequence[Row]) -> str:
    heads = ["clip", "of seconds", "look", "takes s", "limit", ""]
    return markdown(heads, [_line(row) for row in rows])


def _line(row: Row) -> list[str]:
    facts = [row.clip, f"{row.clip_seconds:.1f}", row.look, f"{row.seconds:.2f}"]
    return [*facts, f"{row.limit:g}", "in time" if row.passed else "too slow"]


def plain(rows: Sequence[Row]) -> dict[str, Any]:
    lines = [{**asdict(row), "seconds": row.seconds, "passed": row.passed} for row in rows]
    return {"passed": all(row.passed for row in rows), "rows": lines}


def _repeats(given: argparse.Namespace) -> int:
    return int(given.repeats or (1 if given.quick else REPEATS))


def _settings(given: argparse.Namespace) -> dict[str, Any]:
    names = ("limit", "engine", "empty_caches")
    own = {name: getattr(given, name) for name in names}
    return {**told(given), **own, "repeats": _repeats(given), "looks": LOOKS}


def _parser() -> argparse.ArgumentParser:
    made = parser_for("budget", "The host's commands on its kinds of clip, each in time; medians.")
    add_inputs(made)
    add = made.add_argument
    add("--limit", type=float, default=LIMIT, metavar="S", help=f"seconds for each; {LIMIT:g}")
    add("--engine", choices=ENGINES, default=ENGINES[0], help="what moves the mouth")
    add("--empty_caches", action="store_true", help="as on a machine that never ran it")
    add("--repeats", type=count, metavar="N", help=f"turns of every command; {REPEATS}")
    return made
