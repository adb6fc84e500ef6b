"""A job's key, which changes whenever its result would be another one."""

from hashlib import blake2b

from options.declaring import Role
from options.options import Options, names_with
from workers.stamps import checkpoint_of, stamp

# The verdict of --quality, and subtitles, are part of a job's outcome: one done without has none.
KEY_OPTIONS = sorted((*names_with(Role.RESULT), "quality", "subtitles"))


def key_of(options: Options) -> str:
    """A digest of the options that matter, and of the inputs' names, sizes and times."""
    values = [(name, repr(getattr(options, name))) for name in KEY_OPTIONS]
    # a checkpoint that is not named may still be found
    named = [getattr(options, name) for name in names_with(Role.READ) if name != "checkpoint_path"]
    stamps = [value if isinstance(value, str) else stamp(value) for value in named]
    stamps.append(stamp(checkpoint_of(options)))
    return blake2b(repr((values, stamps)).encode(), digest_size=16).hexdigest()
