"""Command-line words to Options; every flag is a field of that class."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, NoReturn

from base.errors import UsageError
from base.version import __version__
from options.box import reorder_box
from options.declaring import parser_arguments
from options.modes import with_mode
from options.options import Options

NOT_GIVEN = object()  # the value of a flag that does not stand on the line


class _Parser(argparse.ArgumentParser):
    """Raises UsageError where argparse would print its usage and exit."""

    def __init__(self, **named: Any) -> None:  # noqa: ANN401  argparse's own
        super().__init__(**named)
        # Python writes small numbers so: -1e-05 is a number, not a flag
        self._negative_number_matcher = re.compile(r"-(\d+\.?|\d*\.\d+)(e[-+]?\d+)?$", re.I)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (--help lists every flag)")


def option_parser(**defaults: Any) -> argparse.ArgumentParser:  # noqa: ANN401  an option's own type
    parser = _Parser(
        description="Make a face speak: picture or video and sound in, video with lips out.",
        allow_abbrev=False,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    for option in fields(Options):
        parser.add_argument(f"--{option.name}", default=option.default, **parser_arguments(option))
    parser.set_defaults(**defaults)
    return parser


def parse_options(
    argv: Sequence[str] | None,
    **defaults: Any,  # noqa: ANN401
) -> tuple[Options, list[str]]:
    """The options, and notices about flags that were reinterpreted or have no effect."""
    arguments, given = parse_arguments(option_parser(**defaults), argv)
    values, notices = reorder_box(with_mode(arguments, given | defaults.keys()))
    options = Options(**values)
    return options, [*notices, *options.ineffective_flags]


def parse_arguments(
    parser: argparse.ArgumentParser, argv: Sequence[str] | None
) -> tuple[dict[str, Any], set[str]]:
    """The parser's values by name, and the names of those that were given."""
    names = [action.dest for action in parser._actions]
    parsed = vars(parser.parse_args(argv, argparse.Namespace(**dict.fromkeys(names, NOT_GIVEN))))
    given = {name for name, value in parsed.items() if value is not NOT_GIVEN}
    values = {
        name: value if name in given else parser.get_default(name)
        for name, value in parsed.items()
        if name not in ("help", "version")
    }
    return {n: tuple(v) if isinstance(v, list) else v for n, v in values.items()}, given


def progress_mode(argv: Sequence[str]) -> str:
    """The value of --progress, even where other flags are wrong."""
    quick = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    quick.add_argument("--progress", default="auto")
    try:
        return str(quick.parse_known_args(argv)[0].progress)
    except argparse.ArgumentError:
        return "auto"
