"""python -m benchmarks enhance: its flags, its tables."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.enhance.made_networks import RUNS, made_network
from benchmarks.enhance.shimmer import Shimmer, shimmer_of
from benchmarks.flags import check_output_flag, subcommand_parser, write_results
from benchmarks.limits import LimitCheck
from benchmarks.markdown import markdown_table
from benchmarks.truth.clip import read_talking_clip
from stages.alignment import SIDE
from stages.network_files import load_network
from stages.networks import ImageNetwork, ImageNetworkFile

FRAMES, QUICK_FRAMES = 60, 40
DAMPED = 0.75  # of what a network's own shimmer is, at most


@dataclass(frozen=True)
class Row:
    """A network on a clip."""

    clip: str
    network: str
    shimmer: Shimmer


def main(argv: Sequence[str]) -> int:
    """0 where every limit is kept, 1 where one is missed."""
    args = _parser().parse_args(argv)
    check_output_flag(args.out, "--out")
    costs = list(_costs(args.architecture))
    rows = list(_rows(args.clip, args.network, QUICK_FRAMES if args.quick else FRAMES))
    limits = [limit for row in rows for limit in limits_of(row)]
    tables = (_cost_table(costs), _row_table(rows), _limit_table(limits))
    print("\n\n".join(table for table in tables if table))
    passed = all(limit.passed for limit in limits)
    if args.out is not None:
        figures = {"costs": costs, "rows": [asdict(row) for row in rows], "passed": passed}
        write_results(args.out, {"settings": {"quick": args.quick}, **figures})
    return 0 if passed else 1


def limits_of(row: Row) -> Iterator[LimitCheck]:
    shimmer, name = row.shimmer, f"{row.clip}, {row.network}: "
    if row.network == "identity":
        yield LimitCheck(f"{name}shimmer added", shimmer.steadied - shimmer.source, 0.001)
    else:
        added = [value - shimmer.source for value in (shimmer.steadied, shimmer.unsteadied)]
        yield LimitCheck(f"{name}shimmer that is left", added[0] / max(added[1], 0.05), DAMPED)


def _rows(clips: Sequence[Path], files: Sequence[Path], frames: int) -> Iterator[Row]:
    networks = [*map(made_network, RUNS), *map(_network_of, files)]
    for path in clips:
        clip = read_talking_clip(path, frames)
        for network in networks:
            print(f"{clip.name}: {network.kind}", file=sys.stderr)
            yield Row(clip.name, network.path.name, shimmer_of(clip, network))


def _network_of(path: Path) -> ImageNetwork:
    return load_network(ImageNetworkFile(path, (SIDE, SIDE), signed=True))


def _costs(names: Sequence[str]) -> Iterator[dict[str, object]]:
    """torch is imported only where it is wanted."""
    if names:
        from benchmarks.enhance.architectures import cost_of

        for name in names:
            for half in (False, True):
                print(f"{name}{' in half precision' if half else ''}", file=sys.stderr)
                yield asdict(cost_of(name, half))


def _cost_table(costs: Sequence[dict[str, object]]) -> str:
    if not costs:
        return ""
    cells = [[f"{v:.3g}" if isinstance(v, float) else str(v) for v in c.values()] for c in costs]
    return markdown_table(list(costs[0]), cells)


def _row_table(rows: Sequence[Row]) -> str:
    cells = [
        [row.clip, row.network, *(f"{value:.2f}" for value in asdict(row.shimmer).values())]
        for row in rows
    ]
    heads = ["clip", "network", "source", "by itself", "steadied", "detail", "still"]
    return markdown_table(heads, cells) if rows else ""


def _limit_table(limits: Sequence[LimitCheck]) -> str:
    cells = [
        [limit.what, f"{limit.figure:.2f}", limit.allowed, "" if limit.passed else "missed"]
        for limit in limits
    ]
    return markdown_table(["figure", "measured", "allowed", ""], cells) if limits else ""


def _parser() -> argparse.ArgumentParser:
    parser = subcommand_parser(
        "enhance",
        "Restored faces: shimmer of fine detail in still skin, and what architectures cost.",
    )
    add = parser.add_argument
    add("--clip", action="append", type=Path, default=[], metavar="VIDEO", help="repeatable")
    add("--network", action="append", type=Path, default=[], metavar="FILE", help="repeatable")
    architectures = ("GFPGAN", "RestoreFormer", "ESRGAN", "compact")
    add("--architecture", action="append", default=[], choices=architectures, help="repeatable")
    return parser
