"""python -m benchmarks truth: its flags, its table."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean

from benchmarks.flags import check_output_flag, subcommand_parser, write_results
from benchmarks.limits import LimitCheck
from benchmarks.markdown import markdown_table
from benchmarks.truth.clip import TalkingClip, read_talking_clip
from benchmarks.truth.measure import Effort, Row, measure_clip
from benchmarks.truth.verdict import BASE, CARRIED, SHARP, check_limits

BLURS = (0.0, 0.7, 1.2)  # patch pixels: how softly a network draws
METHODS = (BASE, SHARP, CARRIED)
FRAMES, QUICK_FRAMES = 120, 60  # of each clip
FULL, QUICK = Effort(mouths=8, frames=20), Effort(mouths=3, frames=6)
NATIVE = 0  # the size of faces as they are


def main(argv: Sequence[str]) -> int:
    """0 where every limit is kept, 1 where one is missed."""
    args = _parser().parse_args(argv)
    check_output_flag(args.out, "--out")
    effort = QUICK if args.quick else FULL
    clips = [read_talking_clip(path, QUICK_FRAMES if args.quick else FRAMES) for path in args.clip]
    rows = list(_rows(clips, args.size or (NATIVE,), effort))
    limits = list(check_limits(rows))
    print(f"{_score_table(rows)}\n\n{_limit_table(limits)}")
    passed = all(limit.passed for limit in limits)
    if args.out is not None:
        figures = {"passed": passed, "rows": [asdict(row) for row in rows]}
        write_results(args.out, {"settings": {"quick": args.quick}, **figures})
    return 0 if passed else 1


def _rows(clips: Sequence[TalkingClip], sizes: Sequence[int], effort: Effort) -> Iterator[Row]:
    for clip in clips:
        for size in sizes:
            scaled = clip if size == NATIVE else clip.scaled(size)
            width = round(fmean(frame.face.box.width for frame in scaled.frames))
            for blur in BLURS:
                print(f"{clip.name} at {width} px, blur {blur:g}", file=sys.stderr)
                yield from measure_clip(scaled, width, blur, METHODS, effort)


def _score_table(rows: Sequence[Row]) -> str:
    heads = ["clip", "face", "blur", "method", "dB", "flicker", "ms"]
    cells = [
        [
            *(row.clip, f"{row.size} px", f"{row.blur:g}", row.method),
            *(f"{row.psnr:.2f}", f"{row.flicker:.2f}", f"{row.ms:.1f}"),
        ]
        for row in rows
    ]
    return markdown_table(heads, cells)


def _limit_table(limits: Sequence[LimitCheck]) -> str:
    cells = [
        [limit.what, f"{limit.figure:.2f}", limit.allowed, "" if limit.passed else "missed"]
        for limit in limits
    ]
    return markdown_table(["figure", "measured", "allowed", ""], cells)


def _parser() -> argparse.ArgumentParser:
    parser = subcommand_parser(
        "truth", "Mouths of other frames of a talking clip, blended in and compared with the truth."
    )
    add = parser.add_argument
    add("--clip", action="append", type=Path, required=True, metavar="VIDEO", help="repeatable")
    add("--size", action="append", type=int, metavar="PX", help="faces so wide; repeatable")
    return parser
