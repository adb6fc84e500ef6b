"""A socket in the file system that this user alone may open, and through which commands come."""

import logging
import os
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

from base.errors import OutputError
from command.client import peer_user

OWNER_ONLY = 0o600
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
MOST_PENDING = 64  # connections that are not accepted yet
ANSWER_SECONDS = 1.0  # in which a server that listens there already accepts a connection
LOG = logging.getLogger("lipsync")

Take = Callable[[socket.socket], None]


@contextmanager
def commands_taken(path: Path | None, take: Take) -> Iterator[None]:
    """Meanwhile every connection of this user is taken; without a path there is no socket."""
    if path is None:
        yield
        return
    with listening(path) as listener:
        thread = Thread(target=_accept, args=(listener, take), name="commands", daemon=True)
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # ends `accept`
            thread.join()


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """OutputError where the folder is not this user's own, or where something else is there."""
    _check_folder(path)
    _remove_abandoned(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        _bind(listener, path)
        own = path.lstat()
        try:
            yield listener
        finally:
            with suppress(OSError):
                if os.path.samestat(own, path.lstat()):
                    path.unlink()


def _bind(listener: socket.socket, path: Path) -> None:
    before = os.umask(0o777 & ~OWNER_ONLY)
    try:
        listener.bind(str(path))
        listener.listen(MOST_PENDING)
    except OSError as error:
        words = f"--socket {path}: {error.strerror or error}; name another place"
        raise OutputError(words) from error
    finally:
        os.umask(before)


def _check_folder(path: Path) -> None:
    try:
        facts = path.parent.stat()
    except OSError as error:
        raise OutputError(f"--socket {path}: its folder: {error.strerror}; make it") from error
    if facts.st_uid != os.geteuid() or facts.st_mode & OTHERS_WRITE:
        raise OutputError(
            f"--socket {path}: others may change its folder; name one of your own, mode 700"
        )


def _remove_abandoned(path: Path) -> None:
    """Remove the socket of a server that was killed; OutputError for anything else."""
    try:
        is_socket = stat.S_ISSOCK(path.lstat().st_mode)
    except OSError:  # there is nothing, or `_bind` tells what is wrong
        return
    if not is_socket or _answers(path):
        words = "another server listens there" if is_socket else "it is no socket"
        raise OutputError(f"--socket {path}: {words}; name another place")
    path.unlink()


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(str(path))
        except ConnectionRefusedError:
            return False
        except OSError:
            return True
        return True


def _accept(listener: socket.socket, take: Take) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        if peer_user(connection) == os.geteuid():
            take(connection)
        else:
            LOG.warning("another user's command was not taken")
            connection.close()
