"""python -m benchmarks speed: its flags, its runs, its tables and plot."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.flags import check_output_flag, subcommand_parser, write_output, write_results
from benchmarks.limits import LimitCheck
from benchmarks.material.clips import NAMES
from benchmarks.material.inputs import (
    InputClip,
    add_inputs,
    checkpoint_path,
    input_settings,
    parse_count,
    select_clips,
)
from benchmarks.runs.command import COMMAND as PROGRAM
from benchmarks.runs.command import ClipRun
from benchmarks.runs.process import run_process
from benchmarks.speed.figures import Row, check_limits, has_limits, ratios
from benchmarks.speed.kinds import COMMAND, FLOOR, KINDS, PUPPET, TimedRun, time_kind
from benchmarks.speed.plot import check_ending, draw_plot, encode_png
from benchmarks.speed.table import figures, limit_table, ratio_table

REPEATS, QUICK_REPEATS = 5, 1
CLIP_SECONDS = {name: 10.0 for name in NAMES}
WITH_NETWORK = set(KINDS) - {FLOOR, PUPPET}


@dataclass(frozen=True)
class Results:
    """The runs' figures and limits."""

    clips: tuple[InputClip, ...]
    rows: tuple[Row, ...]
    help_seconds: float
    limits: tuple[LimitCheck, ...]

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.limits)

    def text(self) -> str:
        tables = figures(self.rows), ratio_table(ratios(self.rows)), limit_table(self.limits)
        start = f"--help: {self.help_seconds:.2f} s"
        return "\n\n".join(part for part in (*tables, start) if part)

    def as_json(self) -> dict[str, Any]:
        return {
            "passed": self.passed,
            "help_seconds": self.help_seconds,
            "clips": [_clip_json(clip) for clip in self.clips],
            "rows": [row.as_json() for row in self.rows],
            "ratios": [asdict(ratio) for ratio in ratios(self.rows)],
            "verdict": [{**asdict(check), "passed": check.passed} for check in self.limits],
        }


def main(argv: Sequence[str]) -> int:
    """0 where every limit is kept, 1 where one is missed."""
    args = _parser().parse_args(argv)
    check_output_flag(args.out, "--out")
    check_output_flag(args.plot, "--plot")
    if args.plot is not None:
        check_ending(args.plot)
    results = measure_all(args)
    print(results.text())
    if args.out is not None:
        write_results(args.out, {"settings": _settings(args), **results.as_json()})
    if args.plot is not None:
        write_output(args.plot, encode_png(draw_plot(results.rows)))
    return 0 if results.passed else 1


def measure_all(args: argparse.Namespace) -> Results:
    """Every kind of run on every clip."""
    kinds, repeats = chosen_kinds(args), _repeats(args)
    with TemporaryDirectory(prefix="lips-") as name:
        folder = Path(name)
        clips = select_clips(args, CLIP_SECONDS, folder)
        checkpoint = checkpoint_path(args, folder) if WITH_NETWORK & set(kinds) else None
        cache = folder / "cache"
        runs = [ClipRun(clip, checkpoint, args.device, folder, cache) for clip in clips]
        rows = tuple(row for run in runs for row in measure_kinds(run, kinds, repeats))
        started = help_seconds(repeats)
    return Results(clips, rows, started, tuple(_limits(rows, clips, args.device, started)))


def chosen_kinds(args: argparse.Namespace) -> list[str]:
    """The chosen kinds in the order of KINDS, and the floor, with which all are compared."""
    chosen = args.run or KINDS
    return [name for name in KINDS if name in chosen or name == FLOOR]


def measure_kinds(run: ClipRun, kinds: Sequence[str], repeats: int) -> Iterator[Row]:
    """Run all kinds in turn, so that whatever else the machine does meets all of them."""
    for name in kinds:
        if name in (FLOOR, COMMAND, PUPPET):  # fills the cache, reads the disk
            _time_and_print(name, run, "before timing")
    runs: Mapping[str, list[TimedRun]] = {name: [] for name in kinds}
    for turn in range(repeats):
        for name in kinds:
            runs[name].append(_time_and_print(name, run, f"{turn + 1} of {repeats}"))
    for name in kinds:
        yield Row(run.clip.name, name, tuple(runs[name]))


def _time_and_print(name: str, run: ClipRun, turn: str) -> TimedRun:
    timed = time_kind(name, run)
    print(f"{run.clip.name}, {name}, {turn}: {timed.seconds:.2f} s", file=sys.stderr)
    return timed


def help_seconds(repeats: int) -> float:
    return median(run_process([*PROGRAM, "--help"], "--help").seconds for _ in range(repeats))


def _limits(
    rows: Sequence[Row], clips: Sequence[InputClip], device: str, started: float
) -> Iterator[LimitCheck]:
    for clip in clips:
        if has_limits(clip, device):
            yield from check_limits([row for row in rows if row.clip == clip.name], started)


def _clip_json(clip: InputClip) -> dict[str, Any]:
    facts = {name: getattr(clip, name) for name in ("name", "size", "frames")}
    return {**facts, "made": clip.synthetic, "fps": str(clip.fps)}


def _repeats(args: argparse.Namespace) -> int:
    return int(args.repeats or (QUICK_REPEATS if args.quick else REPEATS))


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    return {**input_settings(args), "repeats": _repeats(args), "runs": chosen_kinds(args)}


def _parser() -> argparse.ArgumentParser:
    summary = "The whole command against the floor and the plain way; medians."
    parser = subcommand_parser("speed", summary)
    add_inputs(parser)
    add = parser.add_argument
    add("--run", action="append", choices=tuple(KINDS), help="only this kind; may be repeated")
    add("--repeats", type=parse_count, metavar="N", help=f"turns of every kind; {REPEATS}")
    add("--plot", type=Path, metavar="PNG", help="a picture of the seconds per stage")
    return parser
