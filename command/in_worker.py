"""Runs the command for a client in a worker's process, as if it ran in the client's own."""

import json
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from socket import recv_fds, socket
from threading import Lock, Thread, main_thread
from typing import TYPE_CHECKING, Any

from base.signals import EXIT_CODES
from command.client import ACCEPT_SECONDS, MOST_BYTES, STREAMS
from command.starting import end_before_the_run
from command.surroundings import (
    ACCEPTED,
    LENGTH_BYTES,
    READY,
    library_variables,
    surroundings,
)

if TYPE_CHECKING:
    from workers.resident import ResidentModels

PIECE = 65_536
BUG = 1
GPUS = "CUDA_VISIBLE_DEVICES"  # a worker has its own, unless the client names some
PEAK_MEMORY = Path("/proc/self/clear_refs")
FORGET_PEAK = "5"  # sets the peak of the memory to what it is now


@dataclass(frozen=True)
class ClientRequest:
    """All that the command may depend on, but for the open files that came with it."""

    words: Sequence[str]  # sys.argv
    defaults: Mapping[str, Any]
    environment: Mapping[str, str]
    umask: int
    ignored_signals: Sequence[int]
    encodings: Mapping[str, tuple[str, str]]  # of the streams that are open, and their errors
    surroundings: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not self.words or not self.encodings.keys() <= set(STREAMS):
            raise ValueError("no command")

    def can_run_here(self, variables: Mapping[str, str]) -> bool:
        """Whether this process would do the same as the client."""
        if self.environment.get(GPUS) not in (None, os.environ.get(GPUS)):
            return False
        return surroundings() == self.surroundings and variables == library_variables(
            self.environment
        )


def run_for_client(
    connection: socket, models: "ResidentModels", variables: Mapping[str, str]
) -> int:
    """Run the command that the client sends, and return its exit code, which the client gets, too.

    `variables` are those of libraries, as this process has them. 0 where the client is gone, or
    has to run the command itself.
    """
    connection.settimeout(ACCEPT_SECONDS)
    with ExitStack() as files:
        try:
            connection.sendall(READY)
            request, descriptors = _receive(connection, files)
        except (OSError, ValueError, TypeError):
            return 0
        if not request.can_run_here(variables) or len(descriptors) != 1 + len(request.encodings):
            return 0
        code = _run(request, descriptors, connection, models)
    with suppress(OSError):
        if code is not None:
            connection.sendall(bytes([code & 255]))
    return code or 0


def _receive(connection: socket, stack: ExitStack) -> tuple[ClientRequest, list[int]]:
    """The request, and its open files: the folder, then the streams. The stack closes them."""
    data, files, _, _ = recv_fds(connection, PIECE, 1 + len(STREAMS))
    for file in files:
        stack.callback(os.close, file)
    size = LENGTH_BYTES + int.from_bytes(data[:LENGTH_BYTES], "big")
    if size > MOST_BYTES:
        raise ValueError("too long")
    while len(data) < size and (piece := connection.recv(size - len(data))):
        data += piece
    return ClientRequest(**json.loads(data[LENGTH_BYTES:])), list(files)


def _run(
    request: ClientRequest, files: Sequence[int], connection: socket, models: "ResidentModels"
) -> int | None:
    """The exit code, once everything in this process is as it was; None where nothing was run."""
    with (
        _streams(request, files[1:]),
        _environment(request),
        _folder(files[0]),
        _handlers(request.ignored_signals),
    ):
        try:
            connection.sendall(ACCEPTED)
            connection.settimeout(None)
        except OSError:
            return None
        with suppress(OSError):
            PEAK_MEMORY.write_text(FORGET_PEAK)
        with SignalReceiver(connection).delivered():
            return _exit_code(request, models)


def _exit_code(request: ClientRequest, models: "ResidentModels") -> int:
    from command.cli import main

    try:
        return main(make_stages=models.stages_of, **request.defaults)
    except SystemExit as ending:  # of --help and --version
        return int(ending.code or 0)
    except Exception:  # noqa: BLE001  a bug of ours, which `main` leaves to Python to print
        traceback.print_exc()
        return BUG


@dataclass
class SignalReceiver:
    """Brings the client's signals to the main thread; an end of the connection is SIGTERM."""

    connection: socket
    _lock: Lock = field(default_factory=Lock)
    _over: bool = False

    @contextmanager
    def delivered(self) -> Iterator[None]:
        """Signals reach the process inside this block alone."""
        thread = Thread(target=self._receive, name="client", daemon=True)
        thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._over = True

    def _receive(self) -> None:
        number = b" "
        while number:
            try:
                number = self.connection.recv(1)
            except OSError:
                number = b""
            with self._lock:
                received = number[0] if number else signal.SIGTERM
                if not self._over and received in EXIT_CODES:
                    signal.pthread_kill(main_thread().ident or 0, received)


@contextmanager
def _streams(request: ClientRequest, files: Sequence[int]) -> Iterator[None]:
    """Standard streams are the client's inside; those that it has closed lead nowhere."""
    python = {name: getattr(sys, name) for name in STREAMS}
    saved = [os.dup(number) for number in range(len(STREAMS))]
    nowhere = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    given = dict(zip([n for n in STREAMS if n in request.encodings], files, strict=True))
    try:
        for number, name in enumerate(STREAMS):
            os.dup2(given.get(name, nowhere), number)
            setattr(sys, name, _stream(number, request.encodings.get(name)))
        yield
    finally:
        _close_streams()
        for number, (name, stream) in enumerate(python.items()):
            os.dup2(saved[number], number)
            setattr(sys, name, stream)
        for descriptor in (*saved, nowhere):
            os.close(descriptor)


def _stream(number: int, encoding: Sequence[str] | None) -> Any:  # noqa: ANN401  a text stream
    """What Python would have made of the descriptor at its start; None for a closed one."""
    if encoding is None:
        return None
    name, errors = encoding
    return open(
        number,
        "w" if number else "r",
        1 if number == 2 or os.isatty(number) else -1,
        encoding=name,
        errors=errors,
        closefd=False,
    )


def _close_streams() -> None:
    """Flush them; a reader may be gone."""
    for name in STREAMS:
        stream = getattr(sys, name)
        with suppress(OSError, ValueError):
            if stream is not None:
                stream.close()


@contextmanager
def _environment(request: ClientRequest) -> Iterator[None]:
    """The client's words, variables, and mask of new files."""
    variables, words, mask = dict(os.environ), list(sys.argv), os.umask(request.umask)
    own = {name: variables[name] for name in (GPUS,) if name in variables}
    _set_environment({**request.environment, **own})
    sys.argv[:] = request.words
    try:
        yield
    finally:
        sys.argv[:] = words
        _set_environment(variables)
        os.umask(mask)


def _set_environment(variables: Mapping[str, str]) -> None:
    from base.environment import prepare_environment

    os.environ.clear()
    os.environ.update(variables)
    prepare_environment()
    tempfile.tempdir = None  # is found anew


@contextmanager
def _folder(descriptor: int) -> Iterator[None]:
    """The working folder."""
    before = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fchdir(descriptor)
        yield
    finally:
        os.fchdir(before)
        os.close(before)


@contextmanager
def _handlers(ignored: Sequence[int]) -> Iterator[None]:
    """Those of a program that has just started."""
    before = {number: signal.getsignal(number) for number in EXIT_CODES}
    for number in EXIT_CODES:
        signal.signal(number, signal.SIG_IGN if number in ignored else end_before_the_run)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
