"""Networks that stay loaded: a worker's next run takes them as they are."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

T = TypeVar("T")
Facts = tuple[tuple[str, int, int], ...]


def kept_networks(load: Callable[..., T], place: Path, *choices: object) -> T:
    """`load(place, *choices)`, or what it gave before, if the file or the folder is the same.

    Only the networks that were used last are kept: they are large.
    """
    return cast(T, _loaded(load, place, choices, _facts_of(place)))


@lru_cache(maxsize=1)
def _loaded(
    load: Callable[..., object], place: Path, choices: tuple[Any, ...], facts: Facts
) -> object:
    return load(place, *choices)


def _facts_of(place: Path) -> Facts:
    """Name, size and time of the file, or of every file in the folder."""
    try:
        files = sorted(place.iterdir()) if place.is_dir() else [place]
        facts = [(str(path.absolute()), path.stat()) for path in files]
    except OSError:
        return ()  # loading says what is wrong
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in facts)
