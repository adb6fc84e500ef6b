"""The members of a zip as parts of its bytes: nothing is unpacked, nothing copied.

A checkpoint's zip stores its members uncompressed. What is compressed could expand without limit,
and is left out.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

END = struct.Struct("<4s4H2LH")  # ends the file, since torch writes no comment
LOCATOR = struct.Struct("<4sLQL")
END64 = struct.Struct("<4sQ2H2L4Q")
ENTRY = struct.Struct("<4s6H3L5H2L")
HEADER = struct.Struct("<4s5H3L2H")
NEWEST_VERSION = 63  # of the format, times ten
MAX_MEMBERS = 20_000  # Wav2Lip's weights and optimizer are 1100


@dataclass(frozen=True)
class Entry:
    """What the zip's directory says of one member."""

    name: bytes
    header: int  # position of the header that precedes the content
    size: int
    stored: bool  # neither compressed nor encrypted


def members_of(data: memoryview) -> dict[str, memoryview]:
    """The stored members by name; ValueError where names or contents meet."""
    members: dict[str, memoryview] = {}
    names, free = set(), 0
    for entry in sorted(read_directory(data), key=lambda entry: entry.header):
        start, stop = locate_content(data, entry)
        if entry.header < free or entry.name in names:
            raise ValueError(f"{entry.name!r} overlaps another member, or is there twice")
        names.add(entry.name)
        free = stop
        if entry.stored:
            members[entry.name.decode()] = data[start:stop]
    return members


def locate_content(data: memoryview, entry: Entry) -> tuple[int, int]:
    """Where the content begins and ends; ValueError unless its header is the directory's."""
    mark, *_, name_length, extra_length = HEADER.unpack_from(data, entry.header)
    name_start = entry.header + HEADER.size
    start = name_start + name_length + extra_length
    if mark != b"PK\3\4" or data[name_start : name_start + name_length] != entry.name:
        raise ValueError(f"{entry.name!r} is not where the zip's directory says")
    if start + entry.size > len(data):
        raise ValueError(f"{entry.name!r} is cut off")
    return start, start + entry.size


def read_directory(data: memoryview) -> Iterator[Entry]:
    """Yield the entries of the zip's directory."""
    count, position = find_directory(data)
    if count > MAX_MEMBERS:
        raise ValueError(f"a zip of {count} members")
    for _ in range(count):
        mark, _, version, flags, method, _, _, _, packed, size, *lengths, _, _, _, header = (
            ENTRY.unpack_from(data, position)
        )
        if mark != b"PK\1\2" or version & 255 > NEWEST_VERSION:
            raise ValueError("the zip's directory is damaged, or of an unknown version")
        stored = method == 0 and not flags & 1 and packed == size
        name_start = position + ENTRY.size
        yield Entry(bytes(data[name_start : name_start + lengths[0]]), header, packed, stored)
        position = name_start + sum(lengths)


def find_directory(data: memoryview) -> tuple[int, int]:
    """The number of entries in the zip's directory, and its position."""
    end = len(data) - END.size
    if end < 0:
        raise ValueError("too short for a zip")
    mark, _, _, _, count, _, position, comment = END.unpack_from(data, end)
    if mark != b"PK\5\6" or comment:
        raise ValueError("the zip's directory is not at its end")
    if end >= LOCATOR.size:
        mark, _, place, _ = LOCATOR.unpack_from(data, end - LOCATOR.size)
        if mark == b"PK\6\7":
            mark, *_, count, _, position = END64.unpack_from(data, place)
            if mark != b"PK\6\6":
                raise ValueError("the zip's directory is damaged")
    return count, position
