"""One worker prepares a network while the others wait for its result.

Each would read half a gigabyte for the same file in the cache.
"""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from wav2lip.checkpoint import CheckpointFormat, detect_format
from wav2lip.generators import EngineSettings, network_cache

LOCK = ".preparing"


@contextmanager
def exclusive_preparation(settings: EngineSettings) -> Iterator[None]:
    """Hold the cache's lock, unless the network is in the cache already, or there is no cache."""
    with ExitStack() as stack:
        if settings.cache is not None and not _is_prepared(settings):
            with suppress(OSError):  # where nothing can be locked, each prepares its own
                folder = settings.cache / "networks"
                folder.mkdir(parents=True, exist_ok=True)
                file = stack.enter_context((folder / LOCK).open("w"))
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_prepared(settings: EngineSettings) -> bool:
    assert settings.cache is not None
    if detect_format(settings.weights) is CheckpointFormat.ONNX:  # the cache keeps nothing of it
        return True
    try:
        return (settings.cache / "networks" / network_cache.cache_key(settings.weights)).is_dir()
    except OSError:
        return True
