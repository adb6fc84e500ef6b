"""Whether the content of a file or an address is still the same: by name, size and time."""

from pathlib import Path

from base.errors import LipSyncError
from options.options import Options
from options.weights import find_diff2lip, find_wav2lip
from wav2lip.generators import DIFF2LIP, WITHOUT_NETWORK
from workers.addresses import address_of, size_and_version

Stamp = tuple[str, int, int] | None


def stamp(path: Path | None) -> Stamp:
    """A value that changes with the content; None for a file that is not there."""
    if path is None:
        return None
    try:
        if address := address_of(path):
            return address, *size_and_version(address)
        facts = path.stat()
    except (OSError, ValueError):
        return None
    return str(path.absolute()), facts.st_size, facts.st_mtime_ns


def checkpoint_of(options: Options) -> Path | None:
    """The checkpoint that a run with these options reads; a wrong one fails only in the run."""
    if options.engine in WITHOUT_NETWORK:
        return None
    find = find_diff2lip if options.engine == DIFF2LIP else find_wav2lip
    try:
        return find(options.checkpoint_path)
    except LipSyncError:
        return options.checkpoint_path


def size_of(path: Path) -> int:
    """The file's size in bytes; -1 where there is none."""
    try:
        if address := address_of(path):
            return size_and_version(address)[0]
        return path.stat().st_size if path.is_file() else -1
    except (OSError, ValueError):
        return -1
