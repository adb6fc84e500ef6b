"""What a job was made from: a key that changes when it has to be made anew."""

from dataclasses import asdict
from hashlib import blake2b

from pipeline.options import Options
from workers.stamps import stamp, weights_of

# where things go and how they are told: no pixel depends on it
NO_PIXEL = ("outfile", "report", "cache_dir", "no_cache", "progress", "debug", "demo")
INPUTS = ("face", "audio", "drive_audio", "checkpoint_path")


def key_of(options: Options) -> str:
    """Of the options that matter and of the inputs' names, sizes and times."""
    values = {name: repr(value) for name, value in asdict(options).items() if name not in NO_PIXEL}
    for name in INPUTS:
        values.pop(name)
    read = (options.face, options.audio, options.drive_audio, weights_of(options))
    stamps = [stamp(path) for path in read]
    return blake2b(repr((sorted(values.items()), stamps)).encode(), digest_size=16).hexdigest()
