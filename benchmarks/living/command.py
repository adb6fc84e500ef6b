"""python -m benchmarks living: its flags and its table."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from benchmarks.flags import check_output_flag, subcommand_parser, write_output, write_results
from benchmarks.living.measure import Measurement, Subject, measure, sheet_row, subject_of
from benchmarks.markdown import markdown_table
from stages.animate.networks import Networks

DEMO = Path(__file__).parents[2] / "demo" / "portrait.png"
HEADS = ["photo", "size", "prepare ms", "frame ms", "moves", "blinks/min", "blink ms", "jump"]


def main(argv: Sequence[str]) -> int:
    """0 where eyes blink as people's do and no loop jumps, else 1."""
    args = _parser().parse_args(argv)
    for flag in ("out", "sheet"):
        check_output_flag(getattr(args, flag), f"--{flag}")
    cv2.setNumThreads(1)
    networks = Networks.load()
    subjects = [subject_of(path, networks) for path in args.photos or [DEMO]]
    rows = [measure(subject, 1 if args.quick else 3) for subject in subjects]
    print(figures(rows))
    if args.sheet is not None:
        write_output(args.sheet, _sheet(subjects))
    passed = all(row.passed for row in rows)
    if args.out is not None:
        write_results(args.out, {"passed": passed, "rows": [asdict(row) for row in rows]})
    return 0 if passed else 1


def figures(rows: Sequence[Measurement]) -> str:
    return markdown_table([*HEADS, "untouched", ""], [_cells(row) for row in rows])


def _cells(row: Measurement) -> list[str]:
    shortest, longest = row.blink_ms
    costs = [row.photo, row.size, f"{row.prepare_ms:.0f}", f"{row.frame_ms:.1f}"]
    blinks = [f"{row.blinks_a_minute:.1f}", f"{shortest:.0f} to {longest:.0f}"]
    rest = [f"{row.jump:.2f}", f"{row.untouched:.0%}", "well" if row.passed else "ill"]
    return [*costs, f"{row.moves:.0%}", *blinks, *rest]


def _sheet(subjects: Sequence[Subject], height: int = 512) -> bytes:
    rows = [sheet_row(subject, height) for subject in subjects]
    width = max(row.shape[1] for row in rows)
    padded = [np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows]
    return cv2.imencode(".png", np.vstack(padded))[1].tobytes()


def _parser() -> argparse.ArgumentParser:
    parser = subcommand_parser("living", "A photo that lives: its cost, its blinks and its loop.")
    add = parser.add_argument
    add("photos", nargs="*", type=Path, metavar="PHOTO", help="the demo's portrait without any")
    add("--sheet", type=Path, metavar="PNG", help="the photos beside their extremes and blinks")
    return parser
