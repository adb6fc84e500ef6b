"""python -m benchmarks speed: what is asked, what is run, what is told."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.flags import checked_place, keep, keep_bytes, parser_for
from benchmarks.limits import Line
from benchmarks.material.asked import (
    Clip,
    add_inputs,
    checkpoint_of,
    clips_of,
    count,
    told,
)
from benchmarks.material.clips import NAMES
from benchmarks.runs.cold import ran
from benchmarks.runs.command import COMMAND as PROGRAM
from benchmarks.runs.command import Task
from benchmarks.speed.figures import Row, promised_for, ratios, verdict
from benchmarks.speed.kinds import COMMAND, FLOOR, KINDS, PUPPET, Once, once
from benchmarks.speed.plot import check_ending, encoded, plot
from benchmarks.speed.table import compared, figures, judged

REPEATS, QUICK_REPEATS = 5, 1
SECONDS = {name: 10.0 for name in NAMES}
NETWORKED = set(KINDS) - {FLOOR, PUPPET}


@dataclass(frozen=True)
class Results:
    """A run's figures and what they mean."""

    clips: tuple[Clip, ...]
    rows: tuple[Row, ...]
    help_seconds: float
    verdict: tuple[Line, ...]

    @property
    def passed(self) -> bool:
        return all(line.passed for line in self.verdict)

    def told(self) -> str:
        parts = (figures(self.rows), compared(ratios(self.rows)), judged(self.verdict))
        start = f"--help: {self.help_seconds:.2f} s"
        return "\n\n".join(part for part in (*parts, start) if part)

    def plain(self) -> dict[str, Any]:
        return {
            "passed": self.passed,
            "help_seconds": self.help_seconds,
            "clips": [_facts(clip) for clip in self.clips],
            "rows": [row.plain() for row in self.rows],
            "ratios": [asdict(ratio) for ratio in ratios(self.rows)],
            "verdict": [{**asdict(line), "passed": line.passed} for line in self.verdict],
        }


def main(argv: Sequence[str]) -> int:
    """0 where every promise is kept, 1 where one is missed."""
    given = _parser().parse_args(argv)
    checked_place(given.out, "--out")
    checked_place(given.plot, "--plot")
    if given.plot is not None:
        check_ending(given.plot)
    results = run(given)
    print(results.told())
    if given.out is not None:
        keep(given.out, {"settings": _settings(given), **results.plain()})
    if given.plot is not None:
        keep_bytes(given.plot, encoded(plot(results.rows)))
    return 0 if results.passed else 1


def run(given: argparse.Namespace) -> Results:
    """Every kind of run on every clip."""
    kinds, repeats = kinds_of(given), _repeats(given)
    with TemporaryDirectory(prefix="lips-") as name:
        folder = Path(name)
        clips = clips_of(given, SECONDS, folder)
        checkpoint = checkpoint_of(given, folder) if NETWORKED & set(kinds) else None
        tasks = [Task(clip, checkpoint, given.device, folder, folder / "cache") for clip in clips]
        rows = tuple(row for task in tasks for row in measured(task, kinds, repeats))
        started = help_seconds(repeats)
    return Results(clips, rows, started, tuple(_promises(rows, clips, given.device, started)))


def kinds_of(given: argparse.Namespace) -> list[str]:
    """Those asked for, in the order of KINDS, and the floor that all are held against."""
    asked = given.run or KINDS
    return [name for name in KINDS if name in asked or name == FLOOR]


def measured(task: Task, kinds: Sequence[str], repeats: int) -> Iterator[Row]:
    """Kinds take turns, so that whatever else the machine does meets all of them."""
    for name in kinds:
        if name in (FLOOR, COMMAND, PUPPET):  # fills the cache, reads the disk
            _told_once(name, task, "before timing")
    runs: Mapping[str, list[Once]] = {name: [] for name in kinds}
    for turn in range(repeats):
        for name in kinds:
            runs[name].append(_told_once(name, task, f"{turn + 1} of {repeats}"))
    for name in kinds:
        yield Row(task.clip.name, name, tuple(runs[name]))


def _told_once(name: str, task: Task, turn: str) -> Once:
    done = once(name, task)
    print(f"{task.clip.name}, {name}, {turn}: {done.seconds:.2f} s", file=sys.stderr)
    return done


def help_seconds(repeats: int) -> float:
    return median(ran([*PROGRAM, "--help"], "--help").seconds for _ in range(repeats))


def _promises(
    rows: Sequence[Row], clips: Sequence[Clip], device: str, started: float
) -> Iterator[Line]:
    for clip in clips:
        if promised_for(clip, device):
            yield from verdict([row for row in rows if row.clip == clip.name], started)


def _facts(clip: Clip) -> dict[str, Any]:
    facts = ("name", "size", "frames", "made")
    return {**{name: getattr(clip, name) for name in facts}, "fps": str(clip.fps)}


def _repeats(given: argparse.Namespace) -> int:
    return int(given.repeats or (QUICK_REPEATS if given.quick else REPEATS))


def _settings(given: argparse.Namespace) -> dict[str, Any]:
    return {**told(given), "repeats": _repeats(given), "runs": kinds_of(given)}


def _parser() -> argparse.ArgumentParser:
    made = parser_for("speed", "The whole command against the floor and the plain way; medians.")
    add_inputs(made)
    add = made.add_argument
    add("--run", action="append", choices=tuple(KINDS), help="only this kind; may be repeated")
    add("--repeats", type=count, metavar="N", help=f"turns of every kind; {REPEATS}")
    add("--plot", type=Path, metavar="PNG", help="a picture of the seconds per stage")
    return made
