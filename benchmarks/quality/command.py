"""python -m benchmarks quality: a result is looked at, judged, and shown."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from base.errors import UsageError
from benchmarks.blend.table import markdown
from benchmarks.flags import Parser, checked_place, keep, keep_bytes
from pipeline.options import parse_rate
from quality.measured import measured, plain
from quality.page import page
from quality.verdict import Line, sentence, worst
from quality.view import View
from video.loops import LOOPS
from video.shape import Shape
from video.source import open_source


def main(argv: Sequence[str]) -> int:
    """1 where a figure fails; one that is worth a look does not."""
    given = _parser().parse_args(argv)
    checked_place(given.out, "--out")
    checked_place(given.page, "--page")
    if given.result is None:
        return _gated(given)
    view = view_of(given)
    _check_source(view)
    found = measured(view)
    print(table(found.lines), sentence(found.lines), sep="\n\n")
    synced = _synced(given)
    if given.out is not None:
        keep(given.out, {"result": given.result.name, **plain(found), "syncnet": synced})
    if given.page is not None:
        keep_bytes(given.page, page(found).encode())
    return 1 if worst(found.lines) == "fail" else 0


def _check_source(view: View) -> None:
    """UsageError where the result cannot have been made of it, as it would be compared."""
    if view.source is None:
        return
    made = open_source(view.result, Shape(), view.fps)
    source = open_source(view.source, view.shape, view.fps, view.static)
    if (made.width, made.height) != (source.width, source.height):
        raise UsageError(
            f"{view.source}: {source.width}x{source.height} is not the size of {view.result},"
            f" {made.width}x{made.height}: give the face that it was made from, and"
            " --resize_factor, --rotate and --crop as the command had them"
        )


def _gated(given: argparse.Namespace) -> int:
    from benchmarks.quality.gate import gate

    def kept(facts: dict[str, Any]) -> None:
        if given.out is not None:
            keep(given.out, facts)

    return gate(given.checkpoint_path, kept)


def _synced(given: argparse.Namespace) -> dict[str, float] | None:
    """What SyncNet says, where its weights are given; torch is not imported otherwise."""
    if given.syncnet is None:
        return None
    from benchmarks.lse.measure import lse, words

    found = lse(view_of(given), given.syncnet)
    print(f"\n{words(found)}")
    return asdict(found)


def view_of(given: argparse.Namespace) -> View:
    """The result beside its source, in the shape and order in which the command showed it."""
    view = View(given.result, given.source, given.audio, loop=given.loop, static=given.static)
    shape = Shape(given.resize_factor, given.rotate, tuple(given.crop))
    return replace(view, shape=shape, fps=given.fps)


def table(lines: Sequence[Line]) -> str:
    """As text that is also markdown."""
    heads = ["figure", "measured", "should be", "verdict"]
    return markdown(heads, [_cells(line) for line in lines])


def _cells(line: Line) -> list[str]:
    bound = line.bound
    value = "not measured" if line.value is None else f"{line.value:.3g} {bound.unit}"
    limit = f"{'at least' if bound.high_is_good else 'at most'} {bound.passes:g}"
    return [bound.title, value, limit, line.level]


def _parser() -> argparse.ArgumentParser:
    made = Parser(
        prog="python -m benchmarks quality",
        description="Judge a result; without one, what every blend method makes of made clips.",
        allow_abbrev=False,
    )
    add = made.add_argument
    add("result", type=Path, nargs="?", metavar="RESULT", help="the video to judge")
    add("--source", type=Path, metavar="FACE", help="the picture or video that it was made from")
    add("--audio", type=Path, metavar="FILE", help="what was spoken; otherwise the result's sound")
    add("--out", type=Path, metavar="FILE", help="keep the figures here, as JSON")
    add("--page", type=Path, metavar="FILE", help="write what was seen as a page, .html")
    add("--syncnet", type=Path, metavar="FILE", help="weights of SyncNet, for LSE-C and LSE-D")
    add("--loop", choices=tuple(LOOPS), default="repeat", help="as the command was told")
    add("--static", action="store_true", help="as the command was told")
    add("--fps", type=parse_rate, default=Fraction(25), help="of a still, as the command was told")
    add("--resize_factor", type=int, default=1, help="as the command was told")
    add("--rotate", action="store_true", help="as the command was told")
    add("--crop", type=int, nargs=4, default=(0, -1, 0, -1), help="as the command was told")
    add("--checkpoint_path", type=Path, help="without a result: also what this network makes")
    return made
