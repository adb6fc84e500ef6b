"""One prepares a network, the others wait: each would read half a gigabyte for the same result."""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from wav2lip.checkpoint import Kind, kind_of
from wav2lip.generators import EngineSettings, network_cache

LOCK = ".preparing"


@contextmanager
def taken(settings: EngineSettings) -> Iterator[None]:
    """Alone with these weights, unless they are prepared already."""
    with ExitStack() as stack:
        if settings.cache is not None and not _prepared(settings):
            with suppress(OSError):  # no lock, no turns: then each prepares its own
                folder = settings.cache / "networks"
                folder.mkdir(parents=True, exist_ok=True)
                file = stack.enter_context((folder / LOCK).open("w"))
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _prepared(settings: EngineSettings) -> bool:
    assert settings.cache is not None
    if kind_of(settings.weights) is Kind.ONNX:  # nothing of it is kept
        return True
    try:
        return (settings.cache / "networks" / network_cache.key_of(settings.weights)).is_dir()
    except OSError:
        return True
