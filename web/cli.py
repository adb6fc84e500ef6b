"""The server's command: flags in, exit code out."""

import io
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import anyio
import uvicorn

from base.errors import LipSyncError
from command.display import say
from service.desk import Desk
from service.dispatcher import WarmUp
from service.flags import ServeOptions, parse_serve_options
from service.keys import add_key
from service.opening import open_desk, warm_up
from service.unix_socket import commands_taken
from web.app import application
from web.connections import Connection
from web.guard import HEADER_BYTES, Guard, log_to

MOST_CONNECTIONS = 1000  # more are answered 503
CLOSE_SECONDS = 5  # for answers that are being sent when the server ends


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until a signal comes; the exit code is one of base.errors, or 0."""
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        options, new_key = parse_serve_options(words)
        if new_key is not None:
            return _add_key(options, new_key)
        with open_desk(options) as desk, _first_task(options) as first, _commands_of(options, desk):
            if options.mcp:
                _serve_streams(desk, first)
            else:
                _serve(options, desk, first)
    except LipSyncError as error:
        say(f"error: {error}")
        return error.exit_code
    return 0


def _add_key(options: ServeOptions, name: str) -> int:
    assert options.key_file is not None  # the flags were checked
    key = add_key(options.key_file, name)
    say(f"the key of {name}, which is shown only now; clients send it as Authorization: Bearer KEY")
    sys.stdout.write(f"{key}\n")
    return 0


@contextmanager
def _first_task(options: ServeOptions) -> Iterator[WarmUp | None]:
    """What workers do first, unless that is not wanted."""
    log_to(sys.stderr or io.StringIO())
    with tempfile.TemporaryDirectory(prefix="warm") as folder:
        yield None if options.cold else warm_up(options, Path(folder))


def _commands_of(options: ServeOptions, desk: Desk) -> AbstractContextManager[None]:
    return commands_taken(options.socket, desk.dispatcher.commands.add)


def _serve_streams(desk: Desk, first: WarmUp | None) -> None:
    from web.mcp_server import serve_streams

    anyio.run(serve_streams, desk, first)


def _serve(options: ServeOptions, desk: Desk, first: WarmUp | None) -> None:
    guard = Guard(application(desk, first), options, desk.keys)
    config = uvicorn.Config(
        guard,
        host=options.host,
        port=options.port,
        http=Connection,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        h11_max_incomplete_event_size=HEADER_BYTES,
        timeout_graceful_shutdown=CLOSE_SECONDS,
    )
    _Server(config, desk).run()


class _Server(uvicorn.Server):
    """Says where it listens; a signal also ends whoever waits for a job."""

    def __init__(self, config: uvicorn.Config, desk: Desk) -> None:
        super().__init__(config)
        self._desk = desk

    async def startup(self, sockets: Any = None) -> None:  # noqa: ANN401  uvicorn's own
        await super().startup(sockets)
        if self.started:
            name, port = self.servers[0].sockets[0].getsockname()[:2]
            shown = f"[{name}]" if ":" in name else name
            say(f"serving at http://{shown}:{port}/")

    async def shutdown(self, sockets: Any = None) -> None:  # noqa: ANN401  uvicorn's own
        self._desk.dispatcher.drain()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._desk.bell.close()
        self.force_exit = False
        self.should_exit = True
