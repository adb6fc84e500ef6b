"""From the words of a command line to Options; every flag is read off that class."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, NoReturn

from base.errors import UsageError
from base.version import __version__
from pipeline.options import Options, with_documented_box


class _Parser(argparse.ArgumentParser):
    """Raises where argparse would print its usage and leave."""

    def __init__(self, **named: Any) -> None:  # noqa: ANN401  argparse's own
        super().__init__(**named)
        # as Python writes small ones: -1e-05 is a number, and no flag
        self._negative_number_matcher = re.compile(r"-(\d+\.?|\d*\.\d+)(e[-+]?\d+)?$", re.I)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (--help lists every flag)")


def parser(**defaults: Any) -> argparse.ArgumentParser:  # noqa: ANN401  an option's own type
    made = _Parser(
        description="Make a face speak: picture or video and sound in, video with lips out.",
        allow_abbrev=False,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    made.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    for option in fields(Options):
        made.add_argument(f"--{option.name}", default=option.default, **option.metadata)
    made.set_defaults(**defaults)
    return made


def parsed(
    argv: Sequence[str] | None,
    **defaults: Any,  # noqa: ANN401
) -> tuple[Options, list[str]]:
    """The options, and what the user should know of how they were read."""
    given = vars(parser(**defaults).parse_args(argv))
    values, words = with_documented_box(
        {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}
    )
    options = Options(**values)
    return options, [*words, *options.ineffective_flags]


def progress_asked(argv: Sequence[str]) -> str:
    """The value of --progress, also in a line that is wrong elsewhere."""
    quick = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    quick.add_argument("--progress", default="auto")
    try:
        return str(quick.parse_known_args(argv)[0].progress)
    except argparse.ArgumentError:
        return "auto"
