"""Entries of a cache folder: there whole or not at all, the least recently used going first.

An entry is a file or a folder named by a digest. Nothing of any other name is ever removed: the
user may name any folder as the cache.
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
MAKING = re.compile(r"\.[0-9a-f]{32}\.([0-9a-f]{16})")


@contextmanager
def new_entry(entry: Path) -> Iterator[Path]:
    """A place to make the entry in; what is there at the end becomes the entry."""
    entry.parent.mkdir(parents=True, exist_ok=True)
    with locked_folder(entry.parent, f".{entry.name}.") as claimed:
        place = claimed / entry.name
        yield place
        place.replace(entry)


def mark_used(entry: Path) -> None:
    """Remember that the entry was used now, in a cache that may be changed."""
    with suppress(OSError):
        os.utime(entry)


def remove_oldest(folder: Path, most: int, most_bytes: float = float("inf")) -> None:
    """All but the entries used last, and what a killed run left half made; bytes are of files."""
    remove_abandoned(folder, MAKING)
    sizes: dict[Path, int] = {}
    for entry, facts in _newest_first(folder):
        if len(sizes) < most and sum(sizes.values()) + facts.st_size <= most_bytes:
            sizes[entry] = facts.st_size
        else:
            remove(entry)


def _newest_first(folder: Path) -> list[tuple[Path, os.stat_result]]:
    found = []
    for path in folder.iterdir():
        if ENTRY.fullmatch(path.name):
            with suppress(OSError):  # gone by now: another run cleans up too
                found.append((path, path.lstat()))
    return sorted(found, key=lambda one: one[1].st_mtime_ns, reverse=True)
