"""python -m benchmarks engines: what is asked, what is run, what is told."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from base.geometry import Rect
from benchmarks.engines.frames import batch_of, shown_parts, subject
from benchmarks.engines.measure import COMPARED, Bench, Row, rows
from benchmarks.engines.table import figures
from benchmarks.engines.ways import ENGINES, PLAIN, WHOLE, Way, ways
from benchmarks.flags import checked_place, keep, parser_for
from benchmarks.material.asked import add_weights, checkpoint_of, count, told

REPEATS, QUICK_REPEATS = 5, 1
QUICK_BATCHES = (8,)
DISTINCT = 64  # frames that differ from each other


def main(argv: Sequence[str]) -> int:
    """0 where every engine makes the plain network's patches, 1 where one does not."""
    given = _parser().parse_args(argv)
    checked_place(given.out, "--out")
    one = subject()
    parts = shown_parts(one)
    asked = chosen(given, parts)
    with TemporaryDirectory(prefix="lips-") as name:
        folder = Path(name)
        frames = batch_of(one, max(DISTINCT, COMPARED))
        bench = Bench(checkpoint_of(given, folder), folder / "cache", frames, parts)
        found = rows(bench, asked, _repeats(given), _tell)
    print(figures(found))
    if given.out is not None:
        keep(given.out, {"settings": _settings(given, parts), **plain(found)})
    return 0 if all(row.passed for row in found) else 1


def chosen(given: argparse.Namespace, parts: dict[str, Rect]) -> list[Way]:
    """Those asked for, and the plain network that all are held against."""
    batches = given.batch or (QUICK_BATCHES if given.quick else None)
    found = ways(given.device, [WHOLE, *parts], batches)
    return [way for way in found if way.engine in (PLAIN, *(given.engine or ENGINES))]


def plain(found: Sequence[Row]) -> dict[str, Any]:
    return {
        "passed": all(row.passed for row in found),
        "rows": [
            {
                **asdict(row.way),
                "ms": row.ms,
                "largest": row.difference and row.difference.largest,
                "mean": row.difference and row.difference.mean,
                "passed": row.passed,
            }
            for row in found
        ],
    }


def _tell(words: str) -> None:
    print(words, file=sys.stderr)


def _repeats(given: argparse.Namespace) -> int:
    return int(given.repeats or (QUICK_REPEATS if given.quick else REPEATS))


def _settings(given: argparse.Namespace, parts: dict[str, Rect]) -> dict[str, Any]:
    shown = {name: asdict(rect) for name, rect in parts.items()}
    return {**told(given), "repeats": _repeats(given), "parts": shown}


def _parser() -> argparse.ArgumentParser:
    made = parser_for("engines", "Milliseconds a frame, and how far from float32; medians.")
    add_weights(made)
    add = made.add_argument
    add("--engine", action="append", choices=tuple(ENGINES), help="only this one; repeatable")
    add("--batch", action="append", type=count, metavar="N", help="only this size; repeatable")
    add("--repeats", type=count, metavar="N", help=f"turns of every way; {REPEATS}")
    return made
