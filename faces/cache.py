"""A cache of sightings on disk, so that a second run on a clip detects nothing.

The sighting in a picture never depends on later pictures, so an entry written for a long sound
serves a shorter one; gaps and jitter are removed after reading. An entry is one file: a checksum,
whether the clip had no more frames, and a row of numbers for each frame.
"""

from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

from base.cache import mark_used, new_entry, remove, remove_oldest
from faces.sightings import COLUMNS, Sightings

# A minute at 25 frames a second takes 200 kB, a photo 165 bytes.
MAX_ENTRIES, MAX_BYTES = 500, 64 << 20
MAX_COORDINATE = 1e5  # pixels from the corner: no face in any picture lies farther away
MAGIC = b"sightings 3\n"
CHECKSUM_SIZE = 16  # bytes

Stamp = tuple[int, ...]


@dataclass(frozen=True)
class Entry:
    """The cache file for a clip's sightings."""

    path: Path
    clip: Path
    stamp: Stamp  # of the clip, taken before its content was read

    def is_current(self) -> bool:
        """Whether the clip is still the file that the entry was made for."""
        return file_stamp(self.clip) == self.stamp


@dataclass(frozen=True)
class CachedSightings:
    """The content of an entry."""

    sightings: Sightings
    ended: bool  # the clip has no more frames

    def __post_init__(self) -> None:
        track = self.sightings.track
        if not len(track):
            raise ValueError("no sightings")
        if not (np.abs(track.rows[track.has_face]) < MAX_COORDINATE).all():
            raise ValueError("a face that lies in no picture")

    def first(self, frames: int) -> Sightings | None:
        """Return the sightings of the clip's first frames; None if some are not in the entry."""
        if len(self.sightings) < frames and not self.ended:
            return None
        return Sightings(self.sightings.rows[:frames])

    def is_longer_than(self, other: "CachedSightings") -> bool:
        """Whether this content can serve more requests than the other."""
        return (self.ended, len(self.sightings)) > (other.ended, len(other.sightings))


def file_stamp(path: Path) -> Stamp:
    """Return numbers that change whenever the file is replaced or written to."""
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def read(entry: Entry, frames: int) -> Sightings | None:
    """Return the clip's first `frames` sightings, all if it is shorter, None if not in the cache.

    A damaged entry is removed.
    """
    try:
        cached = _load(entry.path)
        sightings = cached.first(frames) if cached else None
    except (OSError, ValueError):
        remove(entry.path)
        return None
    if sightings is not None:
        mark_used(entry.path)
    return sightings


def store(entry: Entry, sightings: Sightings, ended: bool) -> None:
    """Write the sightings, unless the disk does not allow it or the entry has more of them.

    `ended`: the clip has no more frames.
    """
    with suppress(OSError, ValueError):
        content, existing = CachedSightings(sightings, ended), _load(entry.path)
        if entry.is_current() and (existing is None or content.is_longer_than(existing)):
            with new_entry(entry.path) as path:
                path.write_bytes(_encode(entry.path.name, content))
            remove_oldest(entry.path.parent, MAX_ENTRIES, MAX_BYTES)


def _load(path: Path) -> CachedSightings | None:
    """Return the file's content, None if there is no file; ValueError if it is no valid entry."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return None
    if not path.is_file() or size > MAX_BYTES:
        raise ValueError(f"{path}: no entry")
    return _decode(path.name, path.read_bytes())


def _encode(name: str, content: CachedSightings) -> bytes:
    data = bytes([content.ended]) + content.sightings.rows.astype("<f8").tobytes()
    return MAGIC + _checksum(name, data) + data


def _decode(name: str, encoded: bytes) -> CachedSightings:
    checksum = encoded[len(MAGIC) :][:CHECKSUM_SIZE]
    data = encoded[len(MAGIC) + CHECKSUM_SIZE :]
    if not encoded.startswith(MAGIC) or checksum != _checksum(name, data):
        raise ValueError("damaged, or written under another name")
    rows = np.frombuffer(data, "<f8", offset=1).reshape(-1, COLUMNS)
    return CachedSightings(Sightings(rows.astype(np.float64)), data[0] == 1)


def _checksum(name: str, data: bytes) -> bytes:
    return blake2b(name.encode() + data, digest_size=CHECKSUM_SIZE).digest()
