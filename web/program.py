"""The program, for the file at the top of the tree and for the installed command."""

from __future__ import annotations

import sys

from command.starting import start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MISSING = "error: the service needs its packages: pip install -r requirements-serve.txt\n"
ENGINE = 5  # base.errors.EngineError's exit code


def serve() -> int:
    return start(_import_main)


def _import_main() -> Callable[..., int]:
    try:
        import fastapi as _fastapi  # noqa: F401
        import prometheus_client as _client  # noqa: F401
        import uvicorn as _uvicorn  # noqa: F401
    except ModuleNotFoundError:
        return _say_missing
    from web.cli import main

    return main


def _say_missing() -> int:
    sys.stderr.write(MISSING)
    return ENGINE
