"""Whether a file, or what an address leads to, is still the same."""

from pathlib import Path

from base.errors import LipSyncError
from pipeline.options import Options
from wav2lip.checkpoint import find
from workers.addresses import address_of, facts_of

Stamp = tuple[str, int, int] | None


def stamp(path: Path | None) -> Stamp:
    """None for a file that is not there."""
    if path is None:
        return None
    try:
        if address := address_of(path):
            return address, *facts_of(address)
        facts = path.stat()
    except (OSError, ValueError):
        return None
    return str(path.absolute()), facts.st_size, facts.st_mtime_ns


def weights_of(options: Options) -> Path | None:
    """The checkpoint that the job will take; one that is wrong is told by the job."""
    try:
        return None if options.engine == "puppet" else find(options.checkpoint_path)
    except LipSyncError:
        return options.checkpoint_path


def bytes_of(path: Path) -> int:
    """The file's size; -1 where there is none."""
    try:
        if address := address_of(path):
            return facts_of(address)[0]
        return path.stat().st_size if path.is_file() else -1
    except (OSError, ValueError):
        return -1
