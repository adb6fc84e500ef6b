"""What a job was made from: a key that changes when it has to be made anew."""

from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path

from batch.places import address_of, facts_of
from errors import LipSyncError
from wav2lip.checkpoint import find
from wav2lip.options import Options

# where things go and how they are told: no pixel depends on it
NO_PIXEL = ("outfile", "report", "cache_dir", "no_cache", "progress", "debug", "demo")
INPUTS = ("face", "audio", "drive_audio", "checkpoint_path")

Stamp = tuple[str, int, int] | None


def key_of(options: Options) -> str:
    """Of the options that matter and of the inputs' names, sizes and times."""
    values = {name: repr(value) for name, value in asdict(options).items() if name not in NO_PIXEL}
    for name in INPUTS:
        values.pop(name)
    read = (options.face, options.audio, options.drive_audio, weights_of(options))
    stamps = [stamp(path) for path in read]
    return blake2b(repr((sorted(values.items()), stamps)).encode(), digest_size=16).hexdigest()


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
