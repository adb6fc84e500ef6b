"""python -m benchmarks budget: its flags, its runs, its table."""

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.flags import check_output_flag, subcommand_parser, write_results
from benchmarks.markdown import markdown_table
from benchmarks.material.clips import STILL
from benchmarks.material.inputs import (
    add_inputs,
    checkpoint_path,
    input_settings,
    parse_count,
    select_clips,
)
from benchmarks.runs.command import ClipRun, check_result, command_line
from benchmarks.runs.process import run_process
from benchmarks.runs.production import LOOKS

LIMIT = 15.0  # seconds that the host allows the command, from its start to the file
CLIP_SECONDS = {"720p": 10.0, "1080p": 10.0, "1080x1920": 20.0, STILL: 10.0}
REPEATS = 3
ENGINES = ("network", "puppet")


@dataclass(frozen=True)
class Row:
    """The seconds of one of the host's commands on one clip."""

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
    """0 where every command ends in time, 1 where one does not."""
    args = _parser().parse_args(argv)
    check_output_flag(args.out, "--out")
    rows = measure_all(args)
    print(figures(rows))
    if args.out is not None:
        write_results(args.out, {"settings": _settings(args), **as_json(rows)})
    return 0 if all(row.passed for row in rows) else 1


def measure_all(args: argparse.Namespace) -> list[Row]:
    with TemporaryDirectory(prefix="lips-") as name:
        folder = Path(name)
        clips = select_clips(args, CLIP_SECONDS, folder)
        weights = checkpoint_path(args, folder) if args.engine == "network" else None
        runs = [ClipRun(clip, weights, args.device, folder, folder / "cache") for clip in clips]
        return [row for run in runs for row in measure_looks(run, args)]


def measure_looks(run: ClipRun, args: argparse.Namespace) -> Iterator[Row]:
    """Every look in turn, with caches that know the clip, or with empty ones."""
    seconds: dict[str, list[float]] = {look: [] for look in LOOKS}
    if not args.empty_caches:
        time_command(run, next(iter(LOOKS)))
    for _ in range(_repeats(args)):
        for look, times in seconds.items():
            times.append(time_command(_with_empty_cache(run) if args.empty_caches else run, look))
            print(f"{run.clip.name}, {look}: {times[-1]:.2f} s", file=sys.stderr)
    for look, times in seconds.items():
        yield Row(run.clip.name, run.clip.seconds, look, tuple(times), args.limit)


def _with_empty_cache(run: ClipRun) -> ClipRun:
    shutil.rmtree(run.folder / "empty cache", ignore_errors=True)
    return replace(run, cache=run.folder / "empty cache")


def time_command(run: ClipRun, look: str) -> float:
    """The seconds from the process's start to its end; its result is checked."""
    process = run_process(command_line(run, LOOKS[look]), "the command")
    check_result(run, "the command")
    run.outfile.unlink()
    return process.seconds


def figures(rows: Sequence[Row]) -> str:
    heads = ["clip", "of seconds", "look", "takes s", "limit", ""]
    return markdown_table(heads, [_cells(row) for row in rows])


def _cells(row: Row) -> list[str]:
    facts = [row.clip, f"{row.clip_seconds:.1f}", row.look, f"{row.seconds:.2f}"]
    return [*facts, f"{row.limit:g}", "in time" if row.passed else "too slow"]


def as_json(rows: Sequence[Row]) -> dict[str, Any]:
    lines = [{**asdict(row), "seconds": row.seconds, "passed": row.passed} for row in rows]
    return {"passed": all(row.passed for row in rows), "rows": lines}


def _repeats(args: argparse.Namespace) -> int:
    return int(args.repeats or (1 if args.quick else REPEATS))


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    names = ("limit", "engine", "empty_caches")
    flags = {name: getattr(args, name) for name in names}
    return {**input_settings(args), **flags, "repeats": _repeats(args), "looks": LOOKS}


def _parser() -> argparse.ArgumentParser:
    parser = subcommand_parser(
        "budget", "The host's commands on its kinds of clip, each in time; medians."
    )
    add_inputs(parser)
    add = parser.add_argument
    add("--limit", type=float, default=LIMIT, metavar="S", help=f"seconds for each; {LIMIT:g}")
    add("--engine", choices=ENGINES, default=ENGINES[0], help="what moves the mouth")
    add("--empty_caches", action="store_true", help="as on a machine that never ran it")
    add("--repeats", type=parse_count, metavar="N", help=f"turns of every command; {REPEATS}")
    return parser
