"""Commands of this machine's user that wait for a worker, each at the end of a connection."""

import os
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from socket import socket
from threading import Lock

from command.in_worker import run_for_client
from command.surroundings import library_variables
from workers.task import Call

STARTED_WITH = Path("/proc/self/environ")  # libraries have changed os.environ meanwhile
MOST_WAITING = 64
WAIT_SECONDS = 1.0  # for a free worker; a start without one takes as long


class Commands:
    """Connections in their order. One that waits too long is closed: its client does the work."""

    def __init__(self, arrived: Callable[[], None]) -> None:
        self._arrived = arrived  # is told of each that comes
        self._waiting: deque[tuple[float, socket]] = deque()  # since when
        self._lock, self._closed = Lock(), False

    def add(self, connection: socket) -> None:
        with self._lock:
            if self._closed or len(self._waiting) >= MOST_WAITING:
                connection.close()
                return
            self._waiting.append((time.monotonic(), connection))
        self._arrived()

    def next(self) -> socket | None:
        """The one that has waited longest."""
        self.close_late()
        with self._lock:
            return self._waiting.popleft()[1] if self._waiting else None

    def close_late(self) -> None:
        """Close those whose clients wait no longer."""
        late = time.monotonic() - WAIT_SECONDS
        with self._lock:
            while self._waiting and self._waiting[0][0] < late:
                self._waiting.popleft()[1].close()

    def close(self) -> None:
        """No more are taken; those that wait are closed."""
        with self._lock:
            self._closed = True
            while self._waiting:
                self._waiting.popleft()[1].close()


def call_for_command() -> Call:
    """For a worker of this process, which has its variables."""
    texts = os.fsdecode(STARTED_WITH.read_bytes()).split("\0")
    variables = dict(text.split("=", 1) for text in texts if "=" in text)
    return Call(0, partial(run_for_client, variables=library_variables(variables)), "command")
