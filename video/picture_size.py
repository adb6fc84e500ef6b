"""How large a picture is according to its header, read before the picture is decoded."""

import os
import struct
from collections.abc import Callable
from typing import BinaryIO

from base.errors import InputError

Size = tuple[int, int]  # width, height

NO_SIZE = {0xC4, 0xC8, 0xCC}  # of JPEG's markers C0 to CF: DHT, JPG, DAC; the others are SOF
# A picture file is refused unread if it is larger than the largest uncompressed picture would be.
MAX_BYTES_PER_PIXEL = 8  # 16-bit RGBA
METADATA_BYTES = 64 << 20  # EXIF, colour profile, text and previews; real ones have a few MB
TIFF_WIDTH, TIFF_HEIGHT = 256, 257  # tags


def check_size(name: object, size: Size, max_pixels: int) -> None:
    """InputError for more than `max_pixels`; 0 allows any number."""
    width, height = size
    if 0 < max_pixels < width * height:
        raise InputError(
            f"{name}: its picture has {width}x{height} pixels, more than --max_pixels {max_pixels}"
            " allows: make it smaller, or raise --max_pixels (0: no limit)"
        )


def check_file_size(name: object, file: BinaryIO, max_pixels: int) -> None:
    """InputError for a file larger than any picture of `max_pixels`; 0 allows any size."""
    size = os.fstat(file.fileno()).st_size
    if 0 < max_pixels * MAX_BYTES_PER_PIXEL < size - METADATA_BYTES:
        raise InputError(
            f"{name}: has {size} bytes, more than a picture of --max_pixels {max_pixels}"
            " needs: make it smaller, or raise --max_pixels (0: no limit)"
        )


def size_from_header(data: bytes) -> Size | None:
    """The stored size, before any EXIF orientation; none if these bytes do not state it."""
    for signature, read_size in HEADERS.items():
        if data.startswith(signature):
            try:
                return read_size(data)
            except struct.error:  # cut off
                return None
    return None


def png_size(data: bytes) -> Size:
    return _two_numbers(">II", data, 16)


def bmp_size(data: bytes) -> Size:
    (header,) = struct.unpack_from("<I", data, 14)
    width, height = _two_numbers("<HH" if header == 12 else "<ii", data, 18)
    return abs(width), abs(height)  # a negative height: rows are stored from the top


def webp_size(data: bytes) -> Size | None:
    kind = data[12:16]
    if kind == b"VP8X":
        return _uint24(data, 24) + 1, _uint24(data, 27) + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = _two_numbers("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def jpeg_size(data: bytes) -> Size | None:
    """From the SOF segment, which may lie behind large EXIF and ICC segments."""
    offset = 2
    while True:
        prefix, marker, length = struct.unpack_from(">BBH", data, offset)
        if prefix != 0xFF:
            return None
        if marker == 0xFF:  # a fill byte
            offset += 1
        elif 0xC0 <= marker <= 0xCF and marker not in NO_SIZE:
            height, width = _two_numbers(">HH", data, offset + 5)
            return width, height
        else:
            offset += 2 + length


def tiff_size(data: bytes) -> Size | None:
    """From the first directory, which may lie anywhere in the file."""
    order = "<" if data[:2] == b"II" else ">"
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, start)
    values = {}
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(f"{order}HH", data, entry)
        (values[tag],) = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, entry + 8)
    if TIFF_WIDTH in values and TIFF_HEIGHT in values:
        return values[TIFF_WIDTH], values[TIFF_HEIGHT]
    return None


def _two_numbers(layout: str, data: bytes, offset: int) -> Size:
    first, second = struct.unpack_from(layout, data, offset)
    return int(first), int(second)


def _uint24(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 3], "little")


HEADERS: dict[bytes, Callable[[bytes], Size | None]] = {
    b"\x89PNG\r\n\x1a\n": png_size,
    b"BM": bmp_size,
    b"RIFF": webp_size,
    b"\xff\xd8\xff": jpeg_size,
    b"II*\0": tiff_size,
    b"MM\0*": tiff_size,
}
