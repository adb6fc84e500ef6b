"""The programs for one video, for the files at the top of the tree and for installed commands."""

from __future__ import annotations

from command.starting import start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def fast() -> int:
    return start(_import_main)


def hd() -> int:
    """With the HD mouth by default."""
    return start(_import_main, blend_method="hd")


def _import_main() -> Callable[..., int]:
    from command.cli import main

    return main
