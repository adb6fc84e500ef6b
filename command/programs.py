"""The programs for one video, for the files at the top of the tree and for installed commands."""

from __future__ import annotations

import os

from command.starting import start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

SERVER_VARIABLE = "LIPSYNC_SERVER"  # the address of a server whose workers run the command


def fast() -> int:
    return _run()


def hd() -> int:
    """With the HD mouth by default."""
    return _run(blend_method="hd")


def _run(**defaults: Any) -> int:  # noqa: ANN401  an option's own type
    """By a server's worker where there is one; the exit code."""
    address = os.environ.get(SERVER_VARIABLE)
    if address:
        from command.client import run_by_server

        code = run_by_server(address, defaults)
        if code is not None:
            return code
    return start(_import_main, **defaults)


def _import_main() -> Callable[..., int]:
    from command.cli import main

    return main
