"""Entries of a cache folder: each appears complete or not at all; the least recently used go first.

An entry is a file or a folder named by a digest. Nothing with another kind of name is ever removed:
the user may name any folder as the cache.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from base.locks import locked_folder, remove, remove_abandoned

__all__ = ["mark_used", "new_entry", "remove", "remove_oldest"]

Cached = Literal["hit", "miss", "off"]  # what became of a look into the cache

ENTRY = re.compile("[0-9a-f]{32}")
UNFINISHED = re.compile(r"\.[0-9a-f]{32}\.([0-9a-f]{16})")


@contextmanager
def new_entry(entry: Path) -> Iterator[Path]:
    """Yield a path to write to; what is there at the end of the block becomes the entry."""
    entry.parent.mkdir(parents=True, exist_ok=True)
    with locked_folder(entry.parent, f".{entry.name}.") as temporary:
        path = temporary / entry.name
        yield path
        path.replace(entry)


def mark_used(entry: Path) -> None:
    """Note that the entry was used now; a cache that cannot be written is no error."""
    with suppress(OSError):
        os.utime(entry)


def remove_oldest(folder: Path, most: int, most_bytes: float = float("inf")) -> None:
    """Remove all but the last used entries, and what killed runs left; bytes count files only."""
    remove_abandoned(folder, UNFINISHED)
    sizes: dict[Path, int] = {}
    for entry, facts in _newest_first(folder):
        if len(sizes) < most and sum(sizes.values()) + facts.st_size <= most_bytes:
            sizes[entry] = facts.st_size
        else:
            remove(entry)


def _newest_first(folder: Path) -> list[tuple[Path, os.stat_result]]:
    entries = []
    for path in folder.iterdir():
        if ENTRY.fullmatch(path.name):
            with suppress(OSError):  # another run has just removed it
                entries.append((path, path.lstat()))
    return sorted(entries, key=lambda entry: entry[1].st_mtime_ns, reverse=True)
