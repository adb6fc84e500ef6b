"""Pictures, known by what is in them and never by their name."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from base.errors import InputError
from base.geometry import Picture
from video.picture_size import check_size, stated_size
from video.shape import Turn

PNG = b"\x89PNG\r\n\x1a\n"
SIGNATURES = (b"\xff\xd8\xff", PNG, b"BM", b"II*\0", b"MM\0*")
ORIENTATION = 0x0112  # EXIF's tag


def is_picture(start: bytes) -> bool:
    """Whether a file that starts so (32 bytes are enough) is a picture of a kind read here."""
    return start.startswith(SIGNATURES) or (start[:4] == b"RIFF" and start[8:12] == b"WEBP")


def read_picture(path: Path, most_pixels: int = 0) -> Picture:
    """The picture upright, in 8-bit BGR, on white where it is transparent."""
    try:
        data = path.read_bytes()
        check_size(path, stated_size(data) or (0, 0), most_pixels)
        with _quiet():
            decoded, kinds, blocks = cv2.imdecodeWithMetadata(
                np.frombuffer(data, np.uint8), flags=cv2.IMREAD_UNCHANGED
            )
    except (OSError, cv2.error) as error:
        raise _damaged(path) from error
    if decoded is None or not decoded.size or decoded.dtype not in (np.uint8, np.uint16):
        raise _damaged(path)
    turn = Turn()
    for kind, block in zip(kinds, blocks, strict=True):
        if kind == cv2.IMAGE_METADATA_EXIF:
            turn = Turn.of_exif(orientation(np.asarray(block).tobytes()))
    picture = _eight_bit(_gray_on_white(np.asarray(decoded), clear_gray(data)))
    return np.ascontiguousarray(turn.apply(_on_white(picture)))


@contextmanager
def _quiet() -> Iterator[None]:
    """OpenCV's words on damaged pictures would stand beside our own."""
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(level)


def orientation(exif: bytes) -> int:
    """The orientation that an EXIF block states, 1 (upright) where it states none."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, entry)
            if tag == ORIENTATION:
                return int(value)
    except struct.error:  # cut off: as if it stated none
        return 1
    return 1


def clear_gray(data: bytes) -> int | None:
    """The level that a gray PNG calls transparent, which OpenCV leaves as it is; none: no level."""
    if not data.startswith(PNG) or data[25] != 0:  # the kind of colour
        return None
    place, depth = len(PNG), data[24]
    while place + 10 <= len(data):
        size, kind, level = struct.unpack_from(">I4sH", data, place)
        if kind == b"tRNS":
            return int(level) * (255 // ((1 << depth) - 1) if depth < 8 else 1)
        place += size + 12
    return None


def _gray_on_white(
    picture: NDArray[np.uint8 | np.uint16], clear: int | None
) -> NDArray[np.uint8 | np.uint16]:
    if clear is None or picture.ndim != 2:
        return picture
    return np.where(picture == clear, np.iinfo(picture.dtype).max, picture).astype(picture.dtype)


def _eight_bit(picture: NDArray[np.uint8 | np.uint16]) -> Picture:
    if picture.dtype == np.uint16:
        picture = ((picture.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return np.asarray(picture, np.uint8)


def _on_white(picture: Picture) -> Picture:
    if picture.ndim == 2:
        return np.repeat(picture[..., None], 3, axis=2)
    if picture.shape[2] != 4:
        return picture
    share = picture[..., 3:].astype(np.float32) / 255
    return np.rint(picture[..., :3] * share + 255 * (1 - share)).astype(np.uint8)


def _damaged(path: Path) -> InputError:
    return InputError(f"{path}: a damaged picture; give a png, jpg, webp or bmp that is whole")
