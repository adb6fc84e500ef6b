"""python -m benchmarks quality: its flags, the measurement of a result, its table and page."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from base.errors import UsageError
from benchmarks.flags import Parser, check_output_flag, write_output, write_results
from benchmarks.markdown import markdown_table
from options.flag_values import parse_rate
from quality.comparison import Comparison
from quality.measurement import as_json, measure
from quality.page import quality_page
from quality.verdict import VerdictLine, sentence, worst_level
from video.loops import LOOPS
from video.shape import Shape
from video.source import open_source


def main(argv: Sequence[str]) -> int:
    """1 where a figure fails; one that is only worth a look does not."""
    args = _parser().parse_args(argv)
    check_output_flag(args.out, "--out")
    check_output_flag(args.page, "--page")
    if args.result is None:
        return _run_gate(args)
    comparison = comparison_of(args)
    _check_source(comparison)
    measurement = measure(comparison)
    lines = measurement.verdict_lines
    print(table(lines), sentence(lines), sep="\n\n")
    lse = _measure_lse(args)
    if args.out is not None:
        figures = as_json(measurement)
        write_results(args.out, {"result": args.result.name, **figures, "syncnet": lse})
    if args.page is not None:
        write_output(args.page, quality_page(measurement).encode())
    return 1 if worst_level(lines) == "fail" else 0


def _check_source(comparison: Comparison) -> None:
    """UsageError where the result cannot have been made from the source in this shape."""
    if comparison.source is None:
        return
    result = open_source(comparison.result, Shape(), comparison.fps)
    source = open_source(comparison.source, comparison.shape, comparison.fps, comparison.static)
    if (result.width, result.height) != (source.width, source.height):
        raise UsageError(
            f"{comparison.source}: {source.width}x{source.height} is not the size of"
            f" {comparison.result}, {result.width}x{result.height}: give the face that it was made"
            " from, and --resize_factor, --rotate and --crop as the command had them"
        )


def _run_gate(args: argparse.Namespace) -> int:
    from benchmarks.quality.gate import gate

    def write(facts: dict[str, Any]) -> None:
        if args.out is not None:
            write_results(args.out, facts)

    return gate(args.checkpoint_path, write)


def _measure_lse(args: argparse.Namespace) -> dict[str, float] | None:
    """SyncNet's scores, where its weights are given; torch is not imported otherwise."""
    if args.syncnet is None:
        return None
    from benchmarks.lse.measure import describe, measure_lse

    score = measure_lse(comparison_of(args), args.syncnet)
    print(f"\n{describe(score)}")
    return asdict(score)


def comparison_of(args: argparse.Namespace) -> Comparison:
    """The result beside its source, in the shape and order in which the command showed it."""
    comparison = Comparison(args.result, args.source, args.audio, loop=args.loop)
    shape = Shape(args.resize_factor, args.rotate, tuple(args.crop))
    return replace(comparison, static=args.static, shape=shape, fps=args.fps)


def table(lines: Sequence[VerdictLine]) -> str:
    """The figures as a Markdown table."""
    heads = ["figure", "measured", "should be", "verdict"]
    return markdown_table(heads, [_cells(line) for line in lines])


def _cells(line: VerdictLine) -> list[str]:
    bound = line.bound
    value = "not measured" if line.value is None else f"{line.value:.3g} {bound.unit}"
    limit = f"{'at least' if bound.high_is_good else 'at most'} {bound.passes:g}"
    return [bound.title, value, limit, line.level]


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m benchmarks quality",
        description="Judge a result; without one, what every blend method makes of made clips.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("result", type=Path, nargs="?", metavar="RESULT", help="the video to judge")
    add("--source", type=Path, metavar="FACE", help="the picture or video that it was made from")
    add("--audio", type=Path, metavar="FILE", help="what was spoken; otherwise the result's sound")
    add("--out", type=Path, metavar="FILE", help="keep the figures here, as JSON")
    add("--page", type=Path, metavar="FILE", help="write the figures and pictures as a page, .html")
    add("--syncnet", type=Path, metavar="FILE", help="weights of SyncNet, for LSE-C and LSE-D")
    add("--loop", choices=tuple(LOOPS), default="repeat", help="as the command was told")
    add("--static", action="store_true", help="as the command was told")
    add("--fps", type=parse_rate, default=Fraction(25), help="of a still, as the command was told")
    add("--resize_factor", type=int, default=1, help="as the command was told")
    add("--rotate", action="store_true", help="as the command was told")
    add("--crop", type=int, nargs=4, default=(0, -1, 0, -1), help="as the command was told")
    add("--checkpoint_path", type=Path, help="without a result: also what this network makes")
    return parser
