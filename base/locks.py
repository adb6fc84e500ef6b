"""What is being made is claimed with a lock; what nobody claims any more, a killed run has left.

A lock counts among the processes of one kernel; whether others that share the folder are told of it
depends on how they share it. So the name of what is made says which kernel its maker runs on, and
what came from another one is given up only once it has rested for an hour. Where a folder knows no
locks, nothing counts as left: a file that somebody still writes must never be taken away.
"""

import fcntl
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

RESTED = 3600.0  # seconds in which nothing was written, after which nobody will
TRIES = 100
LOCK = "lock"  # the claimed file in a claimed folder
MARK = re.compile("[0-9a-f]{16}")

# Of this process, for the moment when it has to end without a way back through its callers.
_claimed: set[Path] = set()


def unique_mark() -> str:
    """For a name: eight digits that stand for this kernel since it was started, eight by chance."""
    return _kernel() + secrets.token_hex(4)


@contextmanager
def locked_file(folder: Path, before: str, after: str = "") -> Iterator[Path]:
    """A new file in `folder`, a mark in its name; what still has that name at the end is removed.

    OSError where it cannot be made.
    """
    for _ in range(TRIES):
        path = folder / f"{before}{unique_mark()}{after}"
        _claimed.add(path)
        try:
            claim = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            try:
                if _taken(claim) is not False and _is(path, claim):
                    yield path
                    return
            finally:
                if _is(path, claim):  # whoever still has it open shall not hold the space
                    os.ftruncate(claim, 0)
                os.close(claim)
        finally:
            remove(path)
            _claimed.discard(path)
    raise FileExistsError(f"{folder}: {TRIES} new files in it were taken away at once")


@contextmanager
def locked_folder(folder: Path, before: str) -> Iterator[Path]:
    """The same for a folder, which holds its lock."""
    path = folder / f"{before}{unique_mark()}"
    _claimed.add(path)
    try:
        path.mkdir()
        with (path / LOCK).open("wb") as claim:
            _taken(claim.fileno())
            yield path
    finally:
        remove(path)
        _claimed.discard(path)


def replace_file(path: Path, content: bytes) -> None:
    """Whole or not at all, as far as the place is one where files are; OSError where it fails."""
    if path.exists() and not path.is_file():  # /dev/stdout, say
        path.write_bytes(content)
        return
    place = path.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    with locked_file(place.parent, ".whole.", ".part") as partial:
        partial.write_bytes(content)
        partial.replace(place)


def remove_abandoned(folder: Path, names: "re.Pattern[str]") -> None:
    """Remove what killed runs left: files or folders whose name matches, its group the mark."""
    with suppress(OSError):
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if found := names.fullmatch(entry.name):
                _sweep(Path(entry.path), found[1])


def remove(path: Path) -> None:
    """Whatever is there, as far as it can be removed."""
    with suppress(OSError, ValueError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def remove_unfinished() -> None:
    """Remove all that this process is making; it ends now."""
    for path in tuple(_claimed):
        remove(path)


def _sweep(path: Path, mark: str) -> None:
    with suppress(OSError):
        facts = path.lstat()
        rested = time.time() - facts.st_mtime > RESTED
        lock = path / LOCK if stat.S_ISDIR(facts.st_mode) else path
        if not rested and not (mark.startswith(_kernel()) and lock.is_file()):
            return
        if stat.S_ISDIR(facts.st_mode) and not lock.exists():  # killed before it had its lock
            remove(path)
            return
        claim = os.open(lock, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if _taken(claim):
                remove(path)
        finally:
            os.close(claim)


def _taken(file: int) -> bool | None:
    """Whether the lock is now ours; None where there are no locks."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _is(path: Path, file: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(file))
    return False


def _kernel() -> str:
    """Of a system that does not say: none that counts as the same."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_bytes()
    except OSError:
        boot = secrets.token_bytes(16)
    return blake2b(boot, digest_size=4).hexdigest()
