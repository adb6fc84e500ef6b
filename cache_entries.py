"""Entries of a cache folder: there whole or not at all, the least recently used going first.

An entry is a file or a folder named by a digest. Nothing of any other name is ever removed: the
user may name any folder as the cache.
"""

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ENTRY = re.compile("[0-9a-f]{32}")
MAKING = re.compile(r"\.[0-9a-f]{32}\.[0-9a-f]{16}")
ABANDONED = 3600.0  # seconds after which nobody is still making an entry


@contextmanager
def making(entry: Path) -> Iterator[Path]:
    """A place to make the entry in; what is there at the end becomes the entry."""
    entry.parent.mkdir(parents=True, exist_ok=True)
    place = entry.with_name(f".{entry.name}.{os.urandom(8).hex()}")
    try:
        yield place
        place.replace(entry)
    finally:
        remove(place)


def used(entry: Path) -> None:
    """Remember that the entry was used now, in a cache that may be changed."""
    with suppress(OSError):
        os.utime(entry)


def remove(entry: Path) -> None:
    """Whatever is there, as far as it can be removed."""
    with suppress(OSError):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def remove_oldest(folder: Path, most: int, most_bytes: float = float("inf")) -> None:
    """All but the entries used last, and what a killed run left half made; bytes are of files."""
    sizes: dict[Path, int] = {}
    for entry, facts in _newest_first(folder):
        if MAKING.fullmatch(entry.name):
            if time.time() - facts.st_mtime > ABANDONED:
                remove(entry)
        elif len(sizes) < most and sum(sizes.values()) + facts.st_size <= most_bytes:
            sizes[entry] = facts.st_size
        else:
            remove(entry)


def _newest_first(folder: Path) -> list[tuple[Path, os.stat_result]]:
    found = []
    for path in folder.iterdir():
        if ENTRY.fullmatch(path.name) or MAKING.fullmatch(path.name):
            with suppress(OSError):  # gone by now: another run cleans up too
                found.append((path, path.lstat()))
    return sorted(found, key=lambda one: one[1].st_mtime_ns, reverse=True)
