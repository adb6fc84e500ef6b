"""Where files are to be written: whether they can be, and what is told where it fails."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import av

from base.errors import LipSyncError, OutputError
from base.media import reason_of
from video.unfinished import sweep_beside, unfinished

ELSEWHERE = "give another {flag}"
ROOM = f"free some space, or {ELSEWHERE}"
GONE = f"its folder was removed meanwhile: make it again, or {ELSEWHERE}"
OTHER = "give another {flag} or --encoder"
WAYS_OUT = {
    errno.ENOSPC: ROOM,
    errno.EDQUOT: ROOM,
    errno.ENOENT: GONE,
    errno.EROFS: ELSEWHERE,
    errno.EACCES: ELSEWHERE,
    errno.EPERM: ELSEWHERE,
    errno.ENAMETOOLONG: ELSEWHERE,
}
OPEN_FILES = Path("/dev/fd"), Path("/proc/self/fd"), Path("/dev")  # /dev/stdout among them


def check_place(path: Path, flag: str, devices: bool = True) -> None:
    """Whether there can be a file of this name; `flag` is what the user would change.

    What is replaced, not written into, must not be a device: it would be gone.
    """
    with reported(path, flag):
        path = path.absolute()
        _check_kind(path, flag, devices)
        if devices and path.parent in OPEN_FILES and path.exists():
            return
        path = path.resolve()  # of a link, what it leads to is written
        folder = next(parent for parent in path.parents if parent.exists())
        if not folder.is_dir():
            raise OutputError(f"{folder}: is a file, not a folder; give another {flag}")
        longest = os.pathconf(folder, "PC_NAME_MAX")
        if any(len(os.fsencode(name)) > longest for name in path.relative_to(folder).parts):
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        if not os.access(folder, os.W_OK | os.X_OK):
            raise OutputError(f"{folder}: may not be written to; give another {flag}")
        if path.parent == folder and _is_anothers(path):
            raise OutputError(f"{path}: belongs to another user; give another {flag}")


def _check_kind(path: Path, flag: str, devices: bool) -> None:
    """A file, or nothing yet; OSError for a name that is too long, or a ring of links."""
    with suppress(FileNotFoundError, NotADirectoryError):
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            raise OutputError(f"{path}: is a folder; give the name of a file")
        writable = stat.S_ISCHR(kind) or path.parent in OPEN_FILES
        if not (stat.S_ISREG(kind) or (devices and writable)):
            raise OutputError(f"{path}: is a pipe or device, not a file; give another {flag}")


def _is_anothers(path: Path) -> bool:
    """In a folder like /tmp, where one may replace one's own files alone."""
    with suppress(FileNotFoundError):
        folder, owners = path.parent.stat(), (path.parent.stat().st_uid, path.stat().st_uid)
        return bool(folder.st_mode & stat.S_ISVTX) and os.geteuid() not in (0, *owners)
    return False


@contextmanager
def reported(path: Path, flag: str = "--outfile") -> Iterator[None]:
    """What FFmpeg or the system says about the output, as one line."""
    try:
        yield
    except LipSyncError:
        raise
    except (OSError, ValueError, av.FFmpegError) as error:
        known = WAYS_OUT.get(error.errno or 0) if isinstance(error, OSError) else None
        way_out = known or (OTHER if flag == "--outfile" else ELSEWHERE)
        raise OutputError(
            f"{path}: cannot be written: {reason_of(error)}; {way_out.format(flag=flag)}"
        ) from error


@contextmanager
def whole_or_nothing(path: Path) -> Iterator[Path]:
    """A hidden name beside `path` for the time of the work; what killed runs left there goes."""
    try:
        path = path.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # links in a ring, a name with a null
        raise OutputError(
            f"{str(path)!r}: cannot be written: no file has such a name; give another --outfile"
        ) from error
    with ExitStack() as stack:
        with reported(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            sweep_beside(path)
            partial = stack.enter_context(unfinished(path))
        yield partial
        with reported(path):
            partial.replace(path)
