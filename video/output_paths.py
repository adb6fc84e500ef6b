"""Where files are to be written: whether they can be, and what the user is told where it fails."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import av

from base.errors import LipSyncError, OutputError
from base.media import reason_of
from video.partial_file import partial_file, remove_abandoned_beside

# The way out, by the system's error number; {flag} is the flag that names the file.
OTHER_PATH = "give another {flag}"
FREE_SPACE = f"free some space, or {OTHER_PATH}"
FOLDER_GONE = f"its folder was removed meanwhile: make it again, or {OTHER_PATH}"
OTHER_ENCODER = "give another {flag} or --encoder"
WAYS_OUT = {
    errno.ENOSPC: FREE_SPACE,
    errno.EDQUOT: FREE_SPACE,
    errno.ENOENT: FOLDER_GONE,
    errno.EROFS: OTHER_PATH,
    errno.EACCES: OTHER_PATH,
    errno.EPERM: OTHER_PATH,
    errno.ENAMETOOLONG: OTHER_PATH,
}
# Folders of open files and devices, /dev/stdout among them: these are written into.
OPEN_FILES = Path("/dev/fd"), Path("/proc/self/fd"), Path("/dev")


def check_output_path(path: Path, flag: str, devices: bool = True) -> None:
    """OutputError if no file of this name can be written; `flag` is what the user would change.

    Devices and open pipes are allowed for a file that is written into. One that is put in place
    by renaming must not be a device, which it would replace.
    """
    with output_errors(path, flag):
        path = path.absolute()
        _check_kind(path, flag, devices)
        if devices and path.parent in OPEN_FILES and path.exists():
            return
        path = path.resolve()  # what a link leads to is written
        folder = next(parent for parent in path.parents if parent.exists())
        if not folder.is_dir():
            raise OutputError(f"{folder}: is a file, not a folder; give another {flag}")
        longest = os.pathconf(folder, "PC_NAME_MAX")
        if any(len(os.fsencode(name)) > longest for name in path.relative_to(folder).parts):
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        if not os.access(folder, os.W_OK | os.X_OK):
            raise OutputError(f"{folder}: may not be written to; give another {flag}")
        if path.parent == folder and _is_protected(path):
            raise OutputError(f"{path}: belongs to another user; give another {flag}")


def _check_kind(path: Path, flag: str, devices: bool) -> None:
    """OutputError unless it is a file or does not exist; OSError for a name that cannot be."""
    with suppress(FileNotFoundError, NotADirectoryError):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise OutputError(f"{path}: is a folder; give the name of a file")
        is_writable_device = stat.S_ISCHR(mode) or path.parent in OPEN_FILES
        if not (stat.S_ISREG(mode) or (devices and is_writable_device)):
            raise OutputError(f"{path}: is a pipe or device, not a file; give another {flag}")


def _is_protected(path: Path) -> bool:
    """Whether it is another user's file in a folder with the sticky bit, like /tmp."""
    with suppress(FileNotFoundError):
        folder, owners = path.parent.stat(), (path.parent.stat().st_uid, path.stat().st_uid)
        return bool(folder.st_mode & stat.S_ISVTX) and os.geteuid() not in (0, *owners)
    return False


@contextmanager
def output_errors(path: Path, flag: str = "--outfile") -> Iterator[None]:
    """Turn errors of FFmpeg and the system into an OutputError of one line about `path`."""
    try:
        yield
    except LipSyncError:
        raise
    except (OSError, ValueError, av.FFmpegError) as error:
        way_out = WAYS_OUT.get(error.errno or 0) if isinstance(error, OSError) else None
        way_out = way_out or (OTHER_ENCODER if flag == "--outfile" else OTHER_PATH)
        raise OutputError(
            f"{path}: cannot be written: {reason_of(error)}; {way_out.format(flag=flag)}"
        ) from error


@contextmanager
def atomic_output(path: Path) -> Iterator[Path]:
    """A hidden file beside `path` to write into; without an error it is renamed to `path`.

    Unfinished files that killed runs left in the folder are removed first.
    """
    try:
        path = path.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # links in a ring, a name with a null
        raise OutputError(
            f"{str(path)!r}: cannot be written: no file has such a name; give another --outfile"
        ) from error
    with ExitStack() as stack:
        with output_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            remove_abandoned_beside(path)
            partial = stack.enter_context(partial_file(path))
        yield partial
        with output_errors(path):
            partial.replace(path)
