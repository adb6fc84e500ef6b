"""The programs for many videos, for the files at the top of the tree and installed commands."""

from __future__ import annotations

from command.starting import start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def batch() -> int:
    return start(_import_main)


def story() -> int:
    """A script of scenes."""
    return start(_import_story)


def _import_main() -> Callable[..., int]:
    from batch.cli import main

    return main


def _import_story() -> Callable[..., int]:
    from batch.story import main

    return main
