"""Ways to spoil a file: name -> what becomes of its bytes."""

import re
import struct
from collections.abc import Callable, Sequence
from random import Random

from tests.campaigns.fuzz.seeds import NUMBERS, with_good_checks

Mutate = Callable[[bytes, Random, Sequence[bytes]], bytes]  # the last: other files, to splice with

EXTREMES = (
    *(0, 1, 2, 3, 7, 255, 256, 4095, 8192, 16_384, 32_767, 32_768, 65_535, 65_536, 1_000_000),
    *(36_000, 36_000_000, 2**24, 2**28, 2**30, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**64 - 1),
)
BOXES = (  # of mp4 and mov: what is in them decides what is allocated and shown
    *(b"moov", b"mvhd", b"trak", b"tkhd", b"mdia", b"mdhd", b"hdlr", b"minf", b"stbl", b"stsd"),
    *(b"stts", b"ctts", b"stsc", b"stsz", b"stco", b"stss", b"edts", b"elst", b"avcC", b"esds"),
    *(b"moof", b"tfhd", b"tfdt", b"trun", b"sidx", b"mdat", b"ftyp", b"udta", b"meta", b"ilst"),
)
BOX = re.compile(b"|".join(BOXES))


def flipped(data: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    made = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 4, 16, 64))):
        made[place(made, random)] ^= 1 << random.randrange(8)
    return bytes(made)


def overwritten(data: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    start, size = place(data, random), random.choice((1, 2, 4, 8, 32, 200, 2000))
    fill = random.choice((bytes(size), b"\xff" * size, random.randbytes(size), b"%s%n" * size))
    return data[:start] + fill[: max(0, min(size, len(data) - start))] + data[start + size :]


def cut(data: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    start = place(data, random)
    return data[:start] if random.random() < 0.7 else data[start:]


def inserted(data: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    start, size = place(data, random), random.choice((1, 3, 16, 500, 5000))
    return data[:start] + random.randbytes(size) + data[start:]


def duplicated(data: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    first, last = sorted((place(data, random), place(data, random)))
    again = random.choice((1, 1, 2, 20))
    return data[:last] + data[first:last] * again + data[last:]


def swapped(data: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    a, b, c, d = sorted(random.randrange(len(data) + 1) for _ in range(4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def spliced(data: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    other = random.choice(others)
    return data[: place(data, random)] + other[random.randrange(len(other) + 1) :]


def chained(data: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    return data + random.choice(others)


def numbers_changed(data: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    """A width, rate, count or time that the file states becomes an extreme one."""
    for _ in range(random.choice((1, 1, 2))):
        form = random.choice((">I", "<I", ">H", "<H", ">Q", "B"))
        known = packed(form, random.choice(NUMBERS))
        found = [match.start() for match in re.finditer(re.escape(known), data)]
        if found:
            at = random.choice(found)
            data = data[:at] + packed(form, random.choice(EXTREMES)) + data[at + len(known) :]
    return with_good_checks(data)


def fields_changed(data: bytes, random: Random, _: Sequence[bytes]) -> bytes:
    """Any two, four or eight bytes, most of them near the ends, become an extreme number."""
    form = random.choice((">I", "<I", ">H", "<H", ">Q", "<Q"))
    at = place(data, random)
    new = packed(form, random.choice(EXTREMES))
    return with_good_checks(data[:at] + new + data[at + len(new) :])


def boxes_changed(data: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """Sizes and fields of an mp4's boxes; another file's fields where it is none."""
    found = [match.start() for match in BOX.finditer(data)]
    if not found:
        return fields_changed(data, random, others)
    at = random.choice(found) + random.choice((-4, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 80))
    new = packed(random.choice((">I", ">H")), random.choice(EXTREMES))
    at = max(at, 0)
    return data[:at] + new + data[at + len(new) :]


def packed(form: str, value: int) -> bytes:
    return struct.pack(form, value % (1 << 8 * struct.calcsize(form)))


def place(data: bytes | bytearray, random: Random) -> int:
    """Anywhere, but mostly near the ends, where containers keep their facts."""
    if not data:
        return 0
    near = min(len(data), random.choice((64, 512, 4096, len(data))))
    at = random.randrange(near)
    return at if random.random() < 0.6 else len(data) - 1 - at


def whole(data: bytes, _: Random, __: Sequence[bytes]) -> bytes:
    return data


MUTATIONS: dict[str, Mutate] = {
    "whole": whole,
    "bits flipped": flipped,
    "run overwritten": overwritten,
    "cut": cut,
    "bytes inserted": inserted,
    "range duplicated": duplicated,
    "ranges swapped": swapped,
    "two files spliced": spliced,
    "one behind another": chained,
    "number made extreme": numbers_changed,
    "field made extreme": fields_changed,
    "mp4 box changed": boxes_changed,
}


def mutated(data: bytes, random: Random, others: Sequence[bytes]) -> tuple[str, bytes]:
    """One way, and at times a second one over it, whose name is not told."""
    name = random.choice([*MUTATIONS, *list(MUTATIONS)[1:] * 4])
    made = MUTATIONS[name](data, random, others)
    if name != "whole" and made and random.random() < 0.25:
        again = random.choice(list(MUTATIONS)[1:])
        made = MUTATIONS[again](made, random, others)
    return name, made[:200_000]
