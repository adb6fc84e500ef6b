"""A cache of sightings on disk, so that a second run on a clip detects nothing.

The sighting in a picture never depends on later pictures, so an entry written for a long sound
serves a shorter one; gaps and jitter are removed after reading. An entry is one file: a checksum,
whether the clip had no more frames, and a row of numbers for each frame.
"""

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

from base.cache import mark_used, new_entry, remove, remove_oldest
from faces.sightings import TABLE, Sightings

# A minute at 25 frames a second takes 0.95 MB, a photo 661 bytes.
MAX_ENTRIES, MAX_BYTES = 500, 256 << 20
MAX_COORDINATE = 1e5  # pixels from the corner: no face in any picture lies farther away
MAGIC = b"sightings 4\n"
CHECKSUM_SIZE = 16  # bytes
ENDED_SIZE = 4  # so that the rows begin at a multiple of eight

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
        if track.lips is not None:
            places = track.lips.places[track.lips.has_lips]
            if not (np.abs(places) < MAX_COORDINATE).all():
                raise ValueError("lips that lie in no picture")

    def first(self, frames: int) -> Sightings | None:
        """Return the sightings of the clip's first frames; None if some are not in the entry."""
        if len(self.sightings) < frames and not self.ended:
            return None
        return Sightings(self.sightings.table[:frames])

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
            with new_entry(entry.path) as path, path.open("wb") as file:
                file.writelines(_encode(entry.path.name, content))
            remove_oldest(entry.path.parent, MAX_ENTRIES, MAX_BYTES)


def _load(path: Path) -> CachedSightings | None:
    """Return the file's content, None if there is no file; ValueError if it is no valid entry."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError(f"{path}: no entry")
        return _decode(path.name, _read(path))
    except (FileNotFoundError, NotADirectoryError):  # or another run has just removed it
        return None


def _read(path: Path) -> bytearray:
    """The file's bytes, in memory that may be written to."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > MAX_BYTES:
            raise ValueError(f"{path}: too large for an entry")
        data = bytearray(size)
        file.readinto(data)
    return data


def _encode(name: str, content: CachedSightings) -> list[bytes | memoryview]:
    """The pieces of an entry; those of the sightings are not copied."""
    ended = int(content.ended).to_bytes(ENDED_SIZE, "little")
    data = np.ascontiguousarray(content.sightings.table).view(np.uint8).data
    return [MAGIC, _checksum(name, ended, data), ended, data]


def _decode(name: str, encoded: bytearray) -> CachedSightings:
    start = len(MAGIC) + CHECKSUM_SIZE
    checksum, data = bytes(encoded[len(MAGIC) : start]), memoryview(encoded)[start:]
    if not encoded.startswith(MAGIC) or checksum != _checksum(name, data):
        raise ValueError("damaged, or written under another name")
    table = np.frombuffer(encoded, TABLE, offset=start + ENDED_SIZE)
    return CachedSightings(Sightings(table), data[0] == 1)


def _checksum(name: str, *parts: bytes | memoryview) -> bytes:
    digest = blake2b(name.encode(), digest_size=CHECKSUM_SIZE)
    for part in parts:
        digest.update(part)
    return digest.digest()
