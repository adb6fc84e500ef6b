"""The program for many videos, for the file at the top of the tree and the installed command."""

from __future__ import annotations

from command.starting import start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def batch() -> int:
    return start(_import_main)


def _import_main() -> Callable[..., int]:
    from batch.cli import main

    return main
