"""python -m benchmarks networks: its flags, its turns, its table."""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from base.memory import peak_memory_mb
from benchmarks.flags import check_output_flag, subcommand_parser, write_results
from benchmarks.markdown import markdown_table
from benchmarks.networks.subjects import Frame, subjects
from wav2lip.generators import cuda_usable

T = TypeVar("T")
Results = dict[str, list[dict[str, Any]]]
FRAMES, QUICK_FRAMES = 20, 2
REPEATS, QUICK_REPEATS = 10, 2  # of each part


@dataclass(frozen=True)
class Row:
    """What a network takes on a device."""

    network: str
    device: str
    half: bool
    load_seconds: float
    first_seconds: float  # of the first frame, which may compile
    frame_ms: float  # the median of the others
    peak_memory_mb: float  # of the process, so far


def main(argv: Sequence[str]) -> int:
    """0 once all have run."""
    args = _parser().parse_args(argv)
    check_output_flag(args.out, "--out")
    results = _parts(args) if args.parts else _whole(args)
    if args.out is not None:
        write_results(args.out, results)
    return 0


def _whole(args: argparse.Namespace) -> Results:
    """Print and return what whole networks take."""
    device = args.device or ("cuda" if cuda_usable() else "cpu")
    frames = QUICK_FRAMES if args.quick else FRAMES
    with TemporaryDirectory(prefix="lips-") as folder:
        wanted = {
            name: load
            for name, load in subjects(Path(folder)).items()
            if args.only.casefold() in name.casefold()
        }
        rows = [
            measured(name, load, device, half, frames)
            for name, load in wanted.items()
            for half in (False, True)
        ]
    print(figures(rows))
    return {"rows": [asdict(row) for row in rows]}


def _parts(args: argparse.Namespace) -> Results:
    """Print and return what First Order Motion's parts take on the CPU."""
    from benchmarks.networks.parts import fomm_costs  # torch

    rows = [asdict(cost) for cost in fomm_costs(QUICK_REPEATS if args.quick else REPEATS)]
    print(markdown_table(list(rows[0]), [[_cell(value) for value in row.values()] for row in rows]))
    return {"fomm": rows}


def measured(
    name: str, load: Callable[[str, bool], Frame], device: str, half: bool, frames: int
) -> Row:
    frame, loading = _timed(lambda: load(device, half))
    _, first = _timed(frame)
    others = [_timed(frame)[1] for _ in range(frames)]
    return Row(name, device, half, loading, first, 1000 * median(others), peak_memory_mb())


def figures(rows: Sequence[Row]) -> str:
    head = ("network", "device", "half precision", "to load, s", "first frame, s", "a frame, ms")
    lines = [
        (
            *(row.network, row.device, "yes" if row.half else "no"),
            *(f"{row.load_seconds:.1f}", f"{row.first_seconds:.2f}", f"{row.frame_ms:.1f}"),
        )
        for row in rows
    ]
    return markdown_table(head, lines)


def _cell(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    since = time.perf_counter()
    return work(), time.perf_counter() - since


def _parser() -> argparse.ArgumentParser:
    parser = subcommand_parser("networks", "SadTalker, First Order Motion, Diff2Lip: ms a frame.")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="cuda where there is one")
    parser.add_argument("--only", default="", metavar="WORD", help="those with it in their names")
    parser.add_argument(
        "--parts",
        action="store_true",
        help="First Order Motion part by part on the CPU: by torch, by OpenVINO in fp32 and bf16",
    )
    return parser
