"""The flags that all subcommands have, and how their results are written."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from base.errors import OutputError, UsageError
from base.locks import replace_file
from benchmarks.machine import commit, machine
from video.output_paths import check_output_path


class Parser(argparse.ArgumentParser):
    """Raises UsageError where argparse would print its usage and exit."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (--help lists every flag)")


def subcommand_parser(subcommand: str, description: str) -> Parser:
    """A parser with the flags that every subcommand has."""
    program = f"python -m benchmarks {subcommand}"
    parser = Parser(prog=program, description=description, allow_abbrev=False)
    parser.add_argument("--out", type=Path, metavar="FILE", help="keep the figures here, as JSON")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions: a first look")
    return parser


def check_output_flag(path: Path | None, flag: str) -> None:
    """Check, before the work begins, that a result can be written there."""
    if path is not None:
        check_output_path(path, flag)


def write_results(path: Path, results: Mapping[str, Any]) -> None:
    """Write the results as JSON, with the machine and the commit that they come from."""
    text = json.dumps({"machine": machine(), "commit": commit(), **results}, indent=2)
    write_output(path, (text + "\n").encode())


def write_output(path: Path, content: bytes) -> None:
    """Replace the file; OutputError where that fails."""
    try:
        replace_file(path, content)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; name another file") from error
