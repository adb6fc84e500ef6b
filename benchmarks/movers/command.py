"""python -m benchmarks movers: its flags, its table."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.flags import check_output_flag, subcommand_parser, write_results
from benchmarks.markdown import markdown_table

REPEATS, QUICK_REPEATS = 10, 2


def main(argv: Sequence[str]) -> int:
    """0: there is no limit."""
    parser = subcommand_parser(
        "movers", "What networks that move a photo cost, with drawn weights."
    )
    args = parser.parse_args(argv)
    check_output_flag(args.out, "--out")
    from benchmarks.movers.parts import fomm_costs  # torch

    rows = [asdict(cost) for cost in fomm_costs(QUICK_REPEATS if args.quick else REPEATS)]
    print(markdown_table(list(rows[0]), [[_cell(value) for value in row.values()] for row in rows]))
    if args.out is not None:
        write_results(args.out, {"fomm": rows})
    return 0


def _cell(value: Any) -> str:  # noqa: ANN401
    return f"{value:.3g}" if isinstance(value, float) else str(value)
