"""Picture files, told by their content and never by their name."""

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from base.errors import InputError
from base.geometry import Picture
from video.picture_size import check_size, size_from_header
from video.shape import Orientation

PNG = b"\x89PNG\r\n\x1a\n"
SIGNATURES = (b"\xff\xd8\xff", PNG, b"BM", b"II*\0", b"MM\0*")
ORIENTATION_TAG = 0x0112  # EXIF's
# A picture file is refused unread if it is larger than the largest uncompressed picture would be.
MAX_BYTES_PER_PIXEL = 8  # 16-bit RGBA
METADATA_BYTES = 64 << 20  # EXIF, colour profile, text and previews; real ones have a few MB
HEADER_BYTES = 1 << 20  # the size stands here, but for a TIFF or a JPEG behind large segments


def is_picture(start: bytes) -> bool:
    """Whether a file that begins with these bytes (32 are enough) is a picture read here."""
    return start.startswith(SIGNATURES) or (start[:4] == b"RIFF" and start[8:12] == b"WEBP")


def read_picture(path: Path, max_pixels: int = 0) -> Picture:
    """The picture upright, in 8-bit BGR, on white where it is transparent."""
    try:
        data = _read_file(path, max_pixels)
        with _silent_opencv():
            decoded, kinds, blocks = cv2.imdecodeWithMetadata(
                np.frombuffer(data, np.uint8), flags=cv2.IMREAD_UNCHANGED
            )
    except (OSError, cv2.error) as error:
        raise _damaged(path) from error
    if decoded is None or not decoded.size or decoded.dtype not in (np.uint8, np.uint16):
        raise _damaged(path)
    orientation = Orientation()
    for kind, block in zip(kinds, blocks, strict=True):
        if kind == cv2.IMAGE_METADATA_EXIF:
            orientation = Orientation.of_exif(exif_orientation(np.asarray(block).tobytes()))
    picture = _to_eight_bit(_gray_on_white(np.asarray(decoded), transparent_gray(data)))
    return np.ascontiguousarray(orientation.apply(_on_white(picture)))


def _read_file(path: Path, max_pixels: int) -> bytes:
    """The whole file; InputError, as soon as it is known, for too large a picture or file."""
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES)
        check_size(path, size_from_header(header) or (0, 0), max_pixels)
        size = os.fstat(file.fileno()).st_size
        if 0 < max_pixels * MAX_BYTES_PER_PIXEL < size - METADATA_BYTES:
            raise InputError(
                f"{path}: has {size} bytes, more than a picture of --max_pixels {max_pixels}"
                " needs: make it smaller, or raise --max_pixels (0: no limit)"
            )
        file.seek(0)
        data = file.read()
    check_size(path, size_from_header(data) or (0, 0), max_pixels)
    return data


@contextmanager
def _silent_opencv() -> Iterator[None]:
    """Keep OpenCV's messages on damaged pictures from standing beside our own."""
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(level)


def exif_orientation(exif: bytes) -> int:
    """The orientation that an EXIF block states; 1 (upright) where it states none."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, entry)
            if tag == ORIENTATION_TAG:
                return int(value)
    except struct.error:  # cut off: as if it stated none
        return 1
    return 1


def transparent_gray(png: bytes) -> int | None:
    """The gray level that a PNG declares transparent, which OpenCV ignores; none without one."""
    if not png.startswith(PNG) or png[25] != 0:  # the colour type: gray
        return None
    offset, depth = len(PNG), png[24]
    while offset + 10 <= len(png):
        size, kind, level = struct.unpack_from(">I4sH", png, offset)
        if kind == b"tRNS":
            return int(level) * (255 // ((1 << depth) - 1) if depth < 8 else 1)
        offset += size + 12
    return None


def _gray_on_white(
    picture: NDArray[np.uint8 | np.uint16], transparent: int | None
) -> NDArray[np.uint8 | np.uint16]:
    if transparent is None or picture.ndim != 2:
        return picture
    white = np.iinfo(picture.dtype).max
    return np.where(picture == transparent, white, picture).astype(picture.dtype)


def _to_eight_bit(picture: NDArray[np.uint8 | np.uint16]) -> Picture:
    if picture.dtype == np.uint16:
        picture = ((picture.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return np.asarray(picture, np.uint8)


def _on_white(picture: Picture) -> Picture:
    """The picture as BGR, blended with white by its alpha channel."""
    if picture.ndim == 2:
        return np.repeat(picture[..., None], 3, axis=2)
    if picture.shape[2] != 4:
        return picture
    alpha = picture[..., 3:].astype(np.float32) / 255
    return np.rint(picture[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)


def _damaged(path: Path) -> InputError:
    return InputError(f"{path}: a damaged picture; give a png, jpg, webp or bmp that is whole")
