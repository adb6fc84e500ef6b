"""Unfinished files are locked while a process writes them; unlocked ones were left by killed runs.

A lock is seen by the processes of one kernel; whether other hosts that share the folder see it
depends on how they share it. So an unfinished file's name says which kernel its writer runs on, and
one from another kernel counts as abandoned only after an hour without a change. Where a folder
has no locks, nothing counts as abandoned: a file that is still being written must never go.
"""

import fcntl
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

ABANDONED_AFTER = 3600.0  # seconds without a change, for what another kernel's process wrote
TRIES = 100
LOCK = "lock"  # the file in a locked folder that holds its lock
MARK = re.compile("[0-9a-f]{16}")

# Of this process, for when it must end without returning through its callers.
_unfinished: set[Path] = set()


def unique_mark() -> str:
    """Sixteen digits for a name: eight for this boot of the kernel, eight random ones."""
    return _kernel() + os.urandom(4).hex()


@contextmanager
def locked_file(folder: Path, before: str, after: str = "") -> Iterator[Path]:
    """Yield a new, locked file in `folder`; removed at the end unless it was renamed.

    OSError where it cannot be created.
    """
    for _ in range(TRIES):
        path = folder / f"{before}{unique_mark()}{after}"
        _unfinished.add(path)
        try:
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            try:
                if _try_lock(lock) is not False and _is_open_file(path, lock):
                    yield path
                    return
            finally:
                if _is_open_file(path, lock):  # frees the disk where it is still open elsewhere
                    os.ftruncate(lock, 0)
                os.close(lock)
        finally:
            remove(path)
            _unfinished.discard(path)
    raise FileExistsError(f"{folder}: {TRIES} new files in it were taken away at once")


@contextmanager
def locked_folder(folder: Path, before: str) -> Iterator[Path]:
    """The same for a folder."""
    path = folder / f"{before}{unique_mark()}"
    _unfinished.add(path)
    try:
        path.mkdir()
        with (path / LOCK).open("wb") as lock:
            _try_lock(lock.fileno())
            yield path
    finally:
        remove(path)
        _unfinished.discard(path)


def replace_file(path: Path, content: bytes) -> None:
    """Replace the file atomically; devices are written directly. OSError where it fails."""
    target = path.resolve()
    if path.exists() and not target.is_file():  # /dev/stdout, or an open file without a name
        path.write_bytes(content)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with locked_file(target.parent, ".whole.", ".part") as partial:
        partial.write_bytes(content)
        partial.replace(target)


def remove_abandoned(folder: Path, names: "re.Pattern[str]") -> None:
    """Remove the unfinished files and folders of killed runs, by names whose group is the mark."""
    with suppress(OSError):
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if match := names.fullmatch(entry.name):
                _remove_if_abandoned(Path(entry.path), match[1])


def remove(path: Path) -> None:
    """Remove a file, link or folder, as far as that is possible."""
    with suppress(OSError, ValueError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def remove_unfinished() -> None:
    """Remove all that this process has not finished; for a process that ends now."""
    for path in tuple(_unfinished):
        remove(path)


def _remove_if_abandoned(path: Path, mark: str) -> None:
    with suppress(OSError):
        facts = path.lstat()
        is_old = time.time() - facts.st_mtime > ABANDONED_AFTER
        lock = path / LOCK if stat.S_ISDIR(facts.st_mode) else path
        if not is_old and not (mark.startswith(_kernel()) and lock.is_file()):
            return
        if stat.S_ISDIR(facts.st_mode) and not lock.exists():  # killed before it had its lock
            remove(path)
            return
        descriptor = os.open(lock, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if _try_lock(descriptor):
                remove(path)
        finally:
            os.close(descriptor)


def synchronise(path: Path) -> None:
    """Wait until what was written to the file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _try_lock(file: int) -> bool | None:
    """Whether the lock is now ours; None where the folder has no locks."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _is_open_file(path: Path, file: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(file))
    return False


def _kernel() -> str:
    """Eight digits for this boot of the kernel; random ones where the system does not tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_bytes()
    except OSError:
        boot = os.urandom(16)
    return blake2b(boot, digest_size=4).hexdigest()
