"""How large a picture says that it is, from its header alone."""

import struct
from collections.abc import Callable

from base.errors import InputError

Size = tuple[int, int]  # width, height

NO_SIZE = {0xC4, 0xC8, 0xCC}  # among a JPEG's segments C0 to CF: tables, and one without meaning
WIDTH, HEIGHT = 256, 257  # TIFF's tags


def check_size(name: object, size: Size, most: int) -> None:
    """InputError for more than `most` pixels; 0 allows any number."""
    width, height = size
    if 0 < most < width * height:
        raise InputError(
            f"{name}: its picture has {width}x{height} pixels, more than --max_pixels {most}"
            " allows: make it smaller, or raise --max_pixels (0: no limit)"
        )


def stated_size(data: bytes) -> Size | None:
    """What the header says, turned or not; none where it does not say."""
    for start, read in HEADERS.items():
        if data.startswith(start):
            try:
                return read(data)
            except struct.error:  # cut off
                return None
    return None


def of_png(data: bytes) -> Size:
    return _two(">II", data, 16)


def of_bmp(data: bytes) -> Size:
    (header,) = struct.unpack_from("<I", data, 14)
    width, height = _two("<HH" if header == 12 else "<ii", data, 18)
    return abs(width), abs(height)  # a height below 0: the first row comes first


def of_webp(data: bytes) -> Size | None:
    kind = data[12:16]
    if kind == b"VP8X":
        return _three_bytes(data, 24) + 1, _three_bytes(data, 27) + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = _two("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def of_jpeg(data: bytes) -> Size | None:
    place = 2
    while True:
        mark, kind, length = struct.unpack_from(">BBH", data, place)
        if mark != 0xFF:
            return None
        if kind == 0xFF:  # filling
            place += 1
        elif 0xC0 <= kind <= 0xCF and kind not in NO_SIZE:
            height, width = _two(">HH", data, place + 5)
            return width, height
        else:
            place += 2 + length


def of_tiff(data: bytes) -> Size | None:
    order = "<" if data[:2] == b"II" else ">"
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, start)
    found = {}
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(f"{order}HH", data, entry)
        (found[tag],) = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, entry + 8)
    return (found[WIDTH], found[HEIGHT]) if WIDTH in found and HEIGHT in found else None


def _two(form: str, data: bytes, place: int) -> Size:
    one, other = struct.unpack_from(form, data, place)
    return int(one), int(other)


def _three_bytes(data: bytes, place: int) -> int:
    return int.from_bytes(data[place : place + 3], "little")


HEADERS: dict[bytes, Callable[[bytes], Size | None]] = {
    b"\x89PNG\r\n\x1a\n": of_png,
    b"BM": of_bmp,
    b"RIFF": of_webp,
    b"\xff\xd8\xff": of_jpeg,
    b"II*\0": of_tiff,
    b"MM\0*": of_tiff,
}
