"""The command as a client: a server's warm worker runs it, with this process's own streams.

Where `LIPSYNC_SERVER` names a server's socket and a worker is free, the worker gets the words, the
environment, the working folder and the standard streams, and returns the exit code. Signals are
passed on. Imports next to nothing: this is what makes a run begin soon.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import sys
from select import select

from base.signals import EXIT_CODES
from command.starting import end_before_the_run, end_on_signals, say_error
from command.surroundings import ACCEPTED, LENGTH_BYTES, READY, surroundings

TYPE_CHECKING = False  # typing's own takes as long to import as all of this
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

SCHEME = "unix:"
USAGE, LOST = 2, 137  # exit codes: UsageError's, and that of a command which was killed
READY_SECONDS = 10.0  # for the server to give a free worker, or to say that there is none
ACCEPT_SECONDS = 5.0  # for a worker that is ready to say whether it can do it
STOP_SECONDS = 5.0  # for a worker to stop after a signal
OWN = ("/dev/fd/", "/dev/tty", "/proc/self/", "/proc/thread-self/")  # mean others in a worker
STREAMS = ("stdin", "stdout", "stderr")
MOST_BYTES = 8 << 20  # of a request
MOST_SIGNALS = 64  # bytes of them that are read at once


def run_by_server(address: str, defaults: dict[str, Any]) -> int | None:
    """The exit code of the command, run by the server; None where the program has to run it.

    `defaults` are options whose default is another one in this program.
    """
    end_on_signals()
    if not address.startswith(SCHEME):
        return say_error(f"LIPSYNC_SERVER={address}: such as unix:/path was expected", USAGE)
    if any(own in word for word in sys.argv for own in OWN):
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        if not _has_ready_worker(connection, address.removeprefix(SCHEME)):
            return None
        return Handover(connection).run(defaults)


def _has_ready_worker(connection: socket.socket, path: str) -> bool:
    """Whether a server of this very user answers, and a worker of it is free."""
    connection.settimeout(READY_SECONDS)
    try:
        connection.connect(path)
        return peer_user(connection) == os.geteuid() and connection.recv(1) == READY
    except (OSError, ValueError):  # ValueError: no path for a socket
        return False


def peer_user(connection: socket.socket) -> int:
    """The user whose process is at the other end."""
    size = struct.calcsize("3i")
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    user: int = struct.unpack("3i", credentials)[1]
    return user


class Handover:
    """A command that a worker runs. Handlers only note a signal; `_answer` passes it on."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._signal = 0  # the first that came
        self._woken, self._wakeup = os.pipe()
        os.set_blocking(self._wakeup, False)
        self._handlers = {
            number: signal.getsignal(number)
            for number in EXIT_CODES
            if signal.getsignal(number) is not signal.SIG_IGN
        }

    def run(self, defaults: dict[str, Any]) -> int | None:
        """The exit code; None where the worker cannot do it as this process would."""
        ignored = [int(number) for number in EXIT_CODES if number not in self._handlers]
        request = request_of(defaults, ignored)
        if len(request) > MOST_BYTES:
            return None
        signal.set_wakeup_fd(self._wakeup, warn_on_full_buffer=False)
        for number in self._handlers:
            signal.signal(number, self._note)
        code = self._exit_code() if self._is_accepted(request) else None
        signal.set_wakeup_fd(-1)
        for number, handler in self._handlers.items():
            # where the run has ended a signal comes too late
            signal.signal(number, handler if code is None else signal.SIG_IGN)
        if code is None and self._signal:
            end_before_the_run(self._signal)
        return code

    def _is_accepted(self, request: bytes) -> bool:
        try:
            send(self._connection, request)
        except OSError:
            return False
        return self._answer(ACCEPT_SECONDS) == ACCEPTED

    def _exit_code(self) -> int:
        answer = self._answer(None)
        if answer:
            return answer[0]
        if self._signal:  # the worker ended with it, and has said so
            return EXIT_CODES[signal.Signals(self._signal)]
        return say_error("the server's worker was lost amid the work: run the command again", LOST)

    def _answer(self, seconds: float | None) -> bytes:
        """The worker's next byte; nothing where it is gone, or does not stop after a signal."""
        socket_file = self._connection.fileno()
        while True:
            ready = select([socket_file, self._woken], [], [], seconds)[0]
            try:
                if socket_file in ready or not ready:
                    return self._connection.recv(1) if ready else b""
                os.read(self._woken, MOST_SIGNALS)
                self._connection.sendall(bytes([self._signal]))
            except OSError:
                return b""
            seconds = STOP_SECONDS

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._signal = self._signal or number


def request_of(defaults: dict[str, Any], ignored: list[int]) -> bytes:
    """All that the command may depend on, as JSON behind its length."""
    streams = {name: getattr(sys, name) for name in STREAMS}
    facts = {
        "words": sys.argv,
        "defaults": defaults,
        "environment": dict(os.environ),
        "umask": _umask(),
        "ignored_signals": ignored,
        "encodings": {n: [s.encoding, s.errors] for n, s in streams.items() if s is not None},
        "surroundings": surroundings(),
    }
    text = json.dumps(facts).encode()  # surrogates stand for bytes that are no UTF-8
    return len(text).to_bytes(LENGTH_BYTES, "big") + text


def send(connection: socket.socket, request: bytes) -> None:
    """Send the request with the working folder and the streams that are open."""
    folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        streams = [n for n, name in enumerate(STREAMS) if getattr(sys, name) is not None]
        sent = socket.send_fds(connection, [request], [folder, *streams])
        connection.sendall(request[sent:])
    finally:
        os.close(folder)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
