"""Picture files, told by their content and never by their name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from base.errors import InputError
from base.geometry import Picture
from video.picture_size import check_file_size, check_size, size_from_header
from video.pillow_picture import PNG, exif_orientation, transparent_level
from video.shape import Orientation
from video.transparency import on_white

SIGNATURES = (b"\xff\xd8\xff", PNG, b"BM", b"II*\0", b"MM\0*")
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
    return np.ascontiguousarray(orientation.apply(on_white(picture)))


def _read_file(path: Path, max_pixels: int) -> bytes:
    """The whole file; InputError, as soon as it is known, for too large a picture or file."""
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES)
        check_size(path, size_from_header(header) or (0, 0), max_pixels)
        check_file_size(path, file, max_pixels)
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


def transparent_gray(png: bytes) -> int | None:
    """The gray level that a PNG declares transparent, which OpenCV ignores; none without one."""
    if not png.startswith(PNG) or png[25] != 0 or b"tRNS" not in png:  # 25: colour type, 0: gray
        return None
    level, depth = transparent_level(png), png[24]
    return level if level is None or depth >= 8 else level * (255 // ((1 << depth) - 1))


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


def _damaged(path: Path) -> InputError:
    return InputError(f"{path}: a damaged picture; give one that is whole")
