"""Sightings kept between runs, so that the second run on a clip detects nothing.

What is seen in a picture never depends on later ones, so an entry made for a long sound serves a
shorter one; gaps and tremble are taken out after reading. An entry is one file: a checksum, whether
the clip had ended, and a row of numbers for each frame.
"""

from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

from base.cache import mark_used, new_entry, remove, remove_oldest
from faces.sightings import COLUMNS, Sightings

KEPT, KEPT_BYTES = 500, 64 << 20  # a minute at 25 frames a second takes 200 kB, a photo 165 bytes
FARTHEST = 1e5  # pixels from the corner: no face in any picture lies there
MARK = b"sightings 3\n"
CHECKSUM = 16  # bytes

Stamp = tuple[int, ...]


@dataclass(frozen=True)
class Entry:
    """Where the sightings of a clip are kept."""

    path: Path
    clip: Path
    stamp: Stamp  # of the clip, taken before its content was read

    def current(self) -> bool:
        """Whether the clip is still the file that the entry is for."""
        return stamp_of(self.clip) == self.stamp


@dataclass(frozen=True)
class Kept:
    """What an entry holds."""

    seen: Sightings
    ended: bool  # the clip has no more frames

    def __post_init__(self) -> None:
        track = self.seen.track
        if not len(track):
            raise ValueError("no sightings")
        if not (np.abs(track.rows[track.seen]) < FARTHEST).all():
            raise ValueError("a face that lies in no picture")

    def first(self, frames: int) -> Sightings | None:
        """The sightings of the clip's first `frames` frames, if they are known."""
        if len(self.seen) < frames and not self.ended:
            return None
        return Sightings(self.seen.rows[:frames])

    def tells_more_than(self, other: "Kept") -> bool:
        return (self.ended, len(self.seen)) > (other.ended, len(other.seen))


def stamp_of(clip: Path) -> Stamp:
    """Changes whenever the file is replaced or written to."""
    facts = clip.stat()
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def read(entry: Entry, frames: int) -> Sightings | None:
    """The clip's first `frames` sightings, or all if it is shorter; none if they are not kept."""
    try:
        kept = _kept(entry.path)
        sightings = kept.first(frames) if kept else None
    except (OSError, ValueError):
        remove(entry.path)
        return None
    if sightings is not None:
        mark_used(entry.path)
    return sightings


def keep(entry: Entry, sightings: Sightings, ended: bool) -> None:
    """Keep the sightings, if the disk allows it and no other run keeps more of them."""
    with suppress(OSError, ValueError):
        made, before = Kept(sightings, ended), _kept(entry.path)
        if entry.current() and (before is None or made.tells_more_than(before)):
            with new_entry(entry.path) as place:
                place.write_bytes(_packed(entry.path.name, made))
            remove_oldest(entry.path.parent, KEPT, KEPT_BYTES)


def _kept(path: Path) -> Kept | None:
    """What is in the file; ValueError if it is not ours or damaged."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return None
    if not path.is_file() or size > KEPT_BYTES:
        raise ValueError(f"{path}: no entry")
    return _unpacked(path.name, path.read_bytes())


def _packed(name: str, kept: Kept) -> bytes:
    content = bytes([kept.ended]) + kept.seen.rows.astype("<f8").tobytes()
    return MARK + _checksum(name, content) + content


def _unpacked(name: str, data: bytes) -> Kept:
    checksum, content = data[len(MARK) :][:CHECKSUM], data[len(MARK) + CHECKSUM :]
    if not data.startswith(MARK) or checksum != _checksum(name, content):
        raise ValueError("not what was written, or not under this name")
    rows = np.frombuffer(content, "<f8", offset=1).reshape(-1, COLUMNS)
    return Kept(Sightings(rows.astype(np.float64)), content[0] == 1)


def _checksum(name: str, content: bytes) -> bytes:
    return blake2b(name.encode() + content, digest_size=CHECKSUM).digest()
