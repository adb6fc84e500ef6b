"""What all subcommands are asked in the same way, and how their results are kept."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from base.errors import OutputError, UsageError
from base.locks import replace_file
from benchmarks.machine import commit, machine
from video.places import check_place


class Parser(argparse.ArgumentParser):
    """Raises where argparse would print its usage and leave."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (--help lists every flag)")


def parser_for(subcommand: str, words: str) -> Parser:
    """With the flags that every subcommand has."""
    made = Parser(prog=f"python -m benchmarks {subcommand}", description=words, allow_abbrev=False)
    made.add_argument("--out", type=Path, metavar="FILE", help="keep the figures here, as JSON")
    made.add_argument("--quick", action="store_true", help="fewer repetitions: a first look")
    return made


def checked_place(path: Path | None, flag: str) -> None:
    """Known before the work whether the result can be written."""
    if path is not None:
        check_place(path, flag)


def keep(path: Path, results: Mapping[str, Any]) -> None:
    """The results as JSON, with the machine and the commit that they come from."""
    text = json.dumps({"machine": machine(), "commit": commit(), **results}, indent=2)
    keep_bytes(path, (text + "\n").encode())


def keep_bytes(path: Path, content: bytes) -> None:
    try:
        replace_file(path, content)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; name another file") from error
