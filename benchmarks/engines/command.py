"""python -m benchmarks engines: its flags, its runs, its table."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from base.geometry import Rect
from benchmarks.engines.frames import load_subject, make_batch, visible_parts
from benchmarks.engines.measure import COMPARED, Bench, Row, measure_variants
from benchmarks.engines.table import figures
from benchmarks.engines.variants import ENGINES, PLAIN, WHOLE, Variant, all_variants
from benchmarks.flags import check_output_flag, subcommand_parser, write_results
from benchmarks.material.inputs import add_weights, checkpoint_path, input_settings, parse_count

REPEATS, QUICK_REPEATS = 5, 1
QUICK_BATCHES = (8,)
DISTINCT_FRAMES = 64  # then they repeat


def main(argv: Sequence[str]) -> int:
    """0 where every engine makes the plain network's patches, 1 where one does not."""
    args = _parser().parse_args(argv)
    check_output_flag(args.out, "--out")
    subject = load_subject()
    parts = visible_parts(subject)
    variants = chosen_variants(args, parts)
    with TemporaryDirectory(prefix="lips-") as name:
        folder = Path(name)
        frames = make_batch(subject, max(DISTINCT_FRAMES, COMPARED))
        bench = Bench(checkpoint_path(args, folder), frames, parts)
        rows = measure_variants(bench, variants, _repeats(args), _print_progress)
    print(figures(rows))
    if args.out is not None:
        write_results(args.out, {"settings": _settings(args, parts), **as_json(rows)})
    return 0 if all(row.passed for row in rows) else 1


def chosen_variants(args: argparse.Namespace, parts: dict[str, Rect]) -> list[Variant]:
    """The chosen engines, and the plain network that all are compared with."""
    batches = args.batch or (QUICK_BATCHES if args.quick else None)
    engines = (PLAIN, *(args.engine or ENGINES))
    variants = all_variants(args.device, [WHOLE, *parts], batches)
    return [variant for variant in variants if variant.engine in engines]


def as_json(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "passed": all(row.passed for row in rows),
        "rows": [
            {
                **asdict(row.variant),
                "ms": row.ms,
                "largest": row.difference and row.difference.largest,
                "mean": row.difference and row.difference.mean,
                "passed": row.passed,
            }
            for row in rows
        ],
    }


def _print_progress(message: str) -> None:
    print(message, file=sys.stderr)


def _repeats(args: argparse.Namespace) -> int:
    return int(args.repeats or (QUICK_REPEATS if args.quick else REPEATS))


def _settings(args: argparse.Namespace, parts: dict[str, Rect]) -> dict[str, Any]:
    rects = {name: asdict(rect) for name, rect in parts.items()}
    return {**input_settings(args), "repeats": _repeats(args), "parts": rects}


def _parser() -> argparse.ArgumentParser:
    parser = subcommand_parser(
        "engines", "Milliseconds a frame, and how far from float32; medians."
    )
    add_weights(parser)
    add = parser.add_argument
    add("--engine", action="append", choices=tuple(ENGINES), help="only this one; repeatable")
    add(
        "--batch", action="append", type=parse_count, metavar="N", help="only this size; repeatable"
    )
    add("--repeats", type=parse_count, metavar="N", help=f"turns of every engine; {REPEATS}")
    return parser
