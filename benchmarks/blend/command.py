"""python -m benchmarks blend: what is asked, what is run, what is told."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from base.errors import UsageError
from benchmarks.blend.cases import case_of, clip_of
from benchmarks.blend.measure import Laying, Row, row
from benchmarks.blend.sheet import SIZE as SHEET_SIZE
from benchmarks.blend.sheet import check_ending, encoded, sheet
from benchmarks.blend.subjects import Subject, subjects
from benchmarks.blend.table import differences, figures, judged
from benchmarks.blend.verdict import BASE, PLAIN, Comparison, MethodLine, compared, verdict
from benchmarks.flags import checked_place, keep, keep_bytes, parser_for
from blending.masks import MaskShape
from blending.methods import BLENDERS, Look

SIZES = (96, 160, 256, 512)
QUICK_SIZES = (96, 256)
FRAMES, QUICK_FRAMES = 25, 7  # of the clip; each is timed


@dataclass(frozen=True)
class Results:
    """A run's figures and what they mean."""

    rows: tuple[Row, ...]
    verdict: tuple[MethodLine, ...]
    compared: tuple[Comparison, ...]

    @property
    def passed(self) -> bool:
        return all(line.passed for line in self.verdict)

    def told(self) -> str:
        parts = (figures(self.rows), judged(self.verdict), differences(self.compared))
        return "\n\n".join(parts)

    def plain(self) -> dict[str, Any]:
        lines = [{**asdict(line), "passed": line.passed} for line in self.verdict]
        return {
            "passed": self.passed,
            "rows": [asdict(row) for row in self.rows],
            "verdict": lines,
            "compared": [asdict(comparison) for comparison in self.compared],
        }


def main(argv: Sequence[str]) -> int:
    """0 where every limit is kept, 1 where one is missed."""
    given = _parser().parse_args(argv)
    checked_place(given.out, "--out")
    checked_place(given.sheet, "--sheet")
    if given.sheet is not None:
        check_ending(given.sheet)
    looks = looks_of(given)
    people = subjects(given.face or ())
    sizes = given.size or (QUICK_SIZES if given.quick else SIZES)
    results = run(looks, people, sizes, QUICK_FRAMES if given.quick else FRAMES)
    print(results.told())
    if given.out is not None:
        keep(given.out, {"settings": _settings(given, sizes), **results.plain()})
    if given.sheet is not None:
        cases = [case_of(subject, SHEET_SIZE) for subject in people]
        keep_bytes(given.sheet, encoded(sheet(cases, looks), given.sheet))
    return 0 if results.passed else 1


def run(
    looks: Mapping[str, Laying], people: Sequence[Subject], sizes: Sequence[int], frames: int
) -> Results:
    """Every look on every face at every size."""
    rows = tuple(_rows(looks, people, sizes, frames))
    return Results(rows, tuple(verdict(rows)), tuple(compared(rows)))


def _rows(
    looks: Mapping[str, Laying], people: Sequence[Subject], sizes: Sequence[int], frames: int
) -> Iterator[Row]:
    for size in sizes:
        for subject in people:
            case = case_of(subject, size)
            clip = clip_of(case, frames)
            print(f"{subject.name} at {size} px", file=sys.stderr)
            yield from (row(look, size, case, clip, name) for name, look in looks.items())


def looks_of(given: argparse.Namespace) -> dict[str, Laying]:
    """Those asked for, and the two that all are held against."""
    asked = given.method or BLENDERS
    names = [name for name in BLENDERS if name in asked or name in (PLAIN, BASE)]
    sharpen, match = given.sharpen_amount, not given.no_color_match
    try:
        shape = MaskShape(given.mouth_region_size, given.blur_intensity)
        return {name: Look(name, shape, sharpen, match) for name in names}
    except ValueError as error:
        raise UsageError(str(error)) from error


def _settings(given: argparse.Namespace, sizes: Sequence[int]) -> dict[str, Any]:
    names = ("mouth_region_size", "blur_intensity", "sharpen_amount", "no_color_match", "quick")
    own = [path.name for path in given.face or ()]
    return {
        "sizes": list(sizes),
        "own_faces": own,
        **{name: getattr(given, name) for name in names},
    }


def _parser() -> argparse.ArgumentParser:
    made = parser_for(
        "blend", "Quality and cost of the blend methods; figures are means over faces."
    )
    shape, add = MaskShape(), made.add_argument
    add("--method", action="append", choices=tuple(BLENDERS), help="only this one; may be repeated")
    add("--size", action="append", type=_size, metavar="PX", help="only faces so wide; repeatable")
    add("--face", action="append", type=Path, metavar="PICTURE", help="your own faces; repeatable")
    add("--sheet", type=Path, metavar="FILE", help="a picture of all methods on all faces")
    add("--mouth_region_size", type=float, default=shape.region_size, metavar="0.2-1")
    add("--blur_intensity", type=float, default=shape.blur, metavar="PX")
    add("--sharpen_amount", type=float, default=0.0, metavar="0-2", help="0 does not sharpen")
    add("--no_color_match", action="store_true", help="leave the colours as generated")
    return made


def _size(text: str) -> int:
    size = int(text)
    if not 48 <= size <= 1200:
        raise argparse.ArgumentTypeError(f"faces are 48 to 1200 pixels wide, not {text}")
    return size
