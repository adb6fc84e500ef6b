"""python -m benchmarks precision: its flags, its table."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.engines.frames import load_subject, visible_parts
from benchmarks.flags import check_output_flag, subcommand_parser, write_results
from benchmarks.markdown import markdown_table
from benchmarks.material.inputs import add_inputs, input_settings, parse_count, select_clips
from benchmarks.precision.networks import PRECISIONS, TURNS, NetworkFigures, measure_networks
from benchmarks.precision.runs import RunFigures, changed_meters, measure_run
from benchmarks.precision.training import STEPS, talking_batch, train_checkpoint
from benchmarks.runs.command import ClipRun
from wav2lip.checkpoint import detect_format

CLIP, SECONDS = "720p", 6.0
PART = "region 0.4"
FRAMES = 96  # half of them are compared
QUICK_TURNS = 10
# Levels of 255 between 8 bits and fp32, for weights that are trained here.
MOST_MEAN, MOST_LARGEST = 0.5, 6

Networks = Mapping[str, NetworkFigures]
Runs = Mapping[str, RunFigures]


def main(argv: Sequence[str]) -> int:
    """0 where 8 bits are near fp32 and judged as bf16 is, 1 where not."""
    args = _parser().parse_args(argv)
    check_output_flag(args.out, "--out")
    with TemporaryDirectory(prefix="lips-") as name:
        folder = Path(name)
        checkpoint = _checkpoint(args, folder)
        moving, still = (
            _networks(args, checkpoint, folder / "cache", still) for still in (False, True)
        )
        runs = _runs(args, checkpoint, folder)
    wrong = problems(moving, runs)
    print(table(moving, still, runs), "\n".join(wrong) or "8 bits keep their limits", sep="\n\n")
    if args.out is not None:
        write_results(args.out, as_json(args, moving, still, runs, wrong))
    return 1 if wrong else 0


def problems(networks: Networks, runs: Runs) -> list[str]:
    """The limits that 8 bits miss; none where they were given up for other arithmetic."""
    figures = networks["int8"]
    if figures.used != "int8":
        return []
    found = [f"{name} differs from bf16's" for name in changed_meters(runs["int8"], runs["bf16"])]
    if figures.mean >= MOST_MEAN or figures.largest >= MOST_LARGEST:
        found.append(f"8 bits are {figures.mean:.2f} levels off, {figures.largest:.0f} at most")
    return found


def table(moving: Networks, still: Networks, runs: Runs) -> str:
    """A column for each precision."""
    rows = [
        ["used", *(figures.used for figures in moving.values())],
        ["ms a frame", *(f"{figures.ms:.1f}" for figures in moving.values())],
        ["ms a frame of a still", *(f"{figures.ms:.1f}" for figures in still.values())],
        ["largest difference", *(f"{figures.largest:.0f}" for figures in moving.values())],
        ["mean difference", *(f"{figures.mean:.2f}" for figures in moving.values())],
        ["processor seconds of the run", *(f"{run.cpu_seconds:.1f}" for run in runs.values())],
        ["peak memory, MB", *(f"{run.peak_mb:.0f}" for run in runs.values())],
    ]
    for meter in runs["fp32"].meters:
        rows.append([meter, *(_number(run.meters[meter]) for run in runs.values())])
    return markdown_table(["", *PRECISIONS], rows)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _checkpoint(args: argparse.Namespace, folder: Path) -> Path:
    if args.checkpoint_path is not None:
        detect_format(args.checkpoint_path)
        return Path(args.checkpoint_path).absolute()
    return train_checkpoint(folder / "trained.safetensors", _print_progress, args.steps)


def _networks(
    args: argparse.Namespace, checkpoint: Path, cache: Path, still: bool
) -> dict[str, NetworkFigures]:
    _print_progress("the network alone" + (", for a still" if still else ""))
    visible = visible_parts(load_subject())[PART]
    turns = QUICK_TURNS if args.quick else TURNS
    return measure_networks(checkpoint, cache, talking_batch(FRAMES), visible, still, turns)


def _runs(args: argparse.Namespace, checkpoint: Path, folder: Path) -> dict[str, RunFigures]:
    (name, *_) = args.only or [CLIP]
    (clip, *_) = select_clips(args, {name: SECONDS}, folder)
    run = ClipRun(clip, checkpoint, "cpu", folder, folder / "cache")
    figures = {}
    for precision in PRECISIONS:
        _print_progress(f"the command in {precision}")
        figures[precision] = measure_run(run, precision)
    return figures


def as_json(
    args: argparse.Namespace, moving: Networks, still: Networks, runs: Runs, wrong: Sequence[str]
) -> dict[str, Any]:
    return {
        "settings": {**input_settings(args), "steps": args.steps, "part": PART},
        "passed": not wrong,
        "wrong": list(wrong),
        "network": {name: asdict(figures) for name, figures in moving.items()},
        "still": {name: asdict(figures) for name, figures in still.items()},
        "runs": {name: asdict(figures) for name, figures in runs.items()},
    }


def _print_progress(message: str) -> None:
    print(message, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = subcommand_parser("precision", "fp32, bf16 and int8 beside each other, on a CPU.")
    add_inputs(parser)
    parser.add_argument(
        "--steps", type=parse_count, default=STEPS, metavar="N", help="of training, without weights"
    )
    return parser
