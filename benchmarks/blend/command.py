"""python -m benchmarks blend: its flags, its runs, its tables."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from base.errors import UsageError
from benchmarks.blend.cases import make_case, make_patch_clip
from benchmarks.blend.contact_sheet import FACE_SIZES, check_ending, contact_sheet, encode_sheet
from benchmarks.blend.measure import Blending, Row, measure_row
from benchmarks.blend.subjects import Subject, load_subjects
from benchmarks.blend.table import difference_table, limit_table, meter_table, score_table
from benchmarks.blend.verdict import (
    BASE,
    PLAIN,
    MethodDifference,
    MethodLimit,
    check_limits,
    compare_methods,
)
from benchmarks.flags import check_output_flag, subcommand_parser, write_output, write_results
from blending.masks import MaskShape
from blending.methods import BLENDERS, BlendSettings

SIZES = (96, 160, 256, 512, 1000)  # pixels of a face's width
QUICK_SIZES = (96, 256)
FRAMES, QUICK_FRAMES = 12, 7  # of the clip; each is timed


@dataclass(frozen=True)
class Results:
    """A run's figures, its limits and the comparison of the methods."""

    rows: tuple[Row, ...]
    limits: tuple[MethodLimit, ...]
    differences: tuple[MethodDifference, ...]

    @property
    def passed(self) -> bool:
        return all(limit.passed for limit in self.limits)

    def text(self) -> str:
        tables = (
            score_table(self.rows),
            "The meters of quality on the same faces:",
            meter_table(self.rows),
            limit_table(self.limits),
            difference_table(self.differences),
        )
        return "\n\n".join(tables)

    def as_json(self) -> dict[str, Any]:
        return {
            "passed": self.passed,
            "rows": [asdict(row) for row in self.rows],
            "verdict": [{**asdict(limit), "passed": limit.passed} for limit in self.limits],
            "compared": [asdict(difference) for difference in self.differences],
        }


def main(argv: Sequence[str]) -> int:
    """0 where every limit is kept, 1 where one is missed."""
    args = _parser().parse_args(argv)
    check_output_flag(args.out, "--out")
    check_output_flag(args.sheet, "--sheet")
    if args.sheet is not None:
        check_ending(args.sheet)
    blendings = blendings_of(args)
    subjects = load_subjects(args.face or ())
    sizes = args.size or (QUICK_SIZES if args.quick else SIZES)
    results = measure_all(blendings, subjects, sizes, QUICK_FRAMES if args.quick else FRAMES)
    print(results.text())
    if args.out is not None:
        write_results(args.out, {"settings": _settings(args, sizes), **results.as_json()})
    if args.sheet is not None:
        cases = {size: [make_case(subject, size) for subject in subjects] for size in FACE_SIZES}
        write_output(args.sheet, encode_sheet(contact_sheet(cases, blendings), args.sheet))
    return 0 if results.passed else 1


def measure_all(
    blendings: Mapping[str, Blending],
    subjects: Sequence[Subject],
    sizes: Sequence[int],
    frames: int,
) -> Results:
    """Every method on every face at every size."""
    rows = tuple(_rows(blendings, subjects, sizes, frames))
    return Results(rows, tuple(check_limits(rows)), tuple(compare_methods(rows)))


def _rows(
    blendings: Mapping[str, Blending],
    subjects: Sequence[Subject],
    sizes: Sequence[int],
    frames: int,
) -> Iterator[Row]:
    for size in sizes:
        for subject in subjects:
            case = make_case(subject, size)
            clip = make_patch_clip(case, frames)
            print(f"{subject.name} at {size} px", file=sys.stderr)
            for name, blending in blendings.items():
                yield measure_row(blending, size, case, clip, name)


def blendings_of(args: argparse.Namespace) -> dict[str, Blending]:
    """The chosen methods, and the two that all are compared with."""
    chosen = args.method or BLENDERS
    names = [name for name in BLENDERS if name in chosen or name in (PLAIN, BASE)]
    sharpen, match = args.sharpen_amount, not args.no_color_match
    try:
        shape = MaskShape(args.mouth_region_size, args.blur_intensity)
        return {name: BlendSettings(name, shape, sharpen, match) for name in names}
    except ValueError as error:
        raise UsageError(str(error)) from error


def _settings(args: argparse.Namespace, sizes: Sequence[int]) -> dict[str, Any]:
    names = ("mouth_region_size", "blur_intensity", "sharpen_amount", "no_color_match", "quick")
    return {
        "sizes": list(sizes),
        "own_faces": [path.name for path in args.face or ()],
        **{name: getattr(args, name) for name in names},
    }


def _parser() -> argparse.ArgumentParser:
    parser = subcommand_parser(
        "blend", "Quality and cost of the blend methods; figures are means over faces."
    )
    shape, add = MaskShape(), parser.add_argument
    add("--method", action="append", choices=tuple(BLENDERS), help="only this one; may be repeated")
    size_help = "only faces so wide; repeatable"
    add("--size", action="append", type=_parse_size, metavar="PX", help=size_help)
    add("--face", action="append", type=Path, metavar="PICTURE", help="your own faces; repeatable")
    add("--sheet", type=Path, metavar="FILE", help="a picture of all methods on all faces")
    add("--mouth_region_size", type=float, default=shape.region_size, metavar="0.2-1")
    add("--blur_intensity", type=float, default=shape.blur, metavar="PX")
    add("--sharpen_amount", type=float, default=0.0, metavar="0-2", help="0 does not sharpen")
    add("--no_color_match", action="store_true", help="leave the colours as generated")
    return parser


def _parse_size(text: str) -> int:
    size = int(text)
    if not 48 <= size <= 1200:
        raise argparse.ArgumentTypeError(f"faces are 48 to 1200 pixels wide, not {text}")
    return size
