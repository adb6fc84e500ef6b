"""Pictures that Pillow decodes: HEIC, AVIF and all that move; imported only where one comes."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import cv2
import numpy as np

from base.errors import InputError
from base.geometry import Picture
from base.media import check_whole, reason_of
from video.picture_size import check_file_size, check_size
from video.shape import Orientation
from video.transparency import on_white

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

    ImageOpener = Callable[[BinaryIO], ImageFile]

START_BYTES = 1 << 16  # a kind is told by so many first bytes, all in all
PNG = b"\x89PNG\r\n\x1a\n"
WEBP_ANIMATION = 0x02  # a flag of WebP's VP8X chunk
# first names (brands) in the ftyp box of pictures; of the general ones the others decide
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
AVIF_BRANDS = {b"avif", b"avis"}
GENERAL_BRANDS = {b"mif1", b"mif2", b"msf1", b"miaf", b"MiHB", b"MiHE"}
SEQUENCE_BRANDS = {b"hevc", b"hevx", b"hevm", b"hevs", b"msf1"}  # several pictures with times
ORIENTATION_TAG = 0x0112  # EXIF's
SHORTEST = 10  # milliseconds; what is shown no longer lasts LENGTHENED in every browser
LENGTHENED = 100
# what Pillow raises, besides OSError, for files that hold anything
DAMAGE = (
    *(OSError, SyntaxError, ValueError, EOFError, RuntimeError, TypeError),
    *(ArithmeticError, LookupError, AssertionError, struct.error),
)


def pillow_kind(start: bytes) -> str | None:
    """The key of OPENERS for a file that begins so; none for a still that OpenCV reads."""
    if start[4:8] == b"ftyp":
        return _heif_kind(_brands(start))
    if start.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if start[:4] == b"RIFF" and start[8:16] == b"WEBPVP8X" and _flags(start) & WEBP_ANIMATION:
        return "WebP"
    if start.startswith(PNG) and b"acTL" in start[: start.find(b"IDAT")]:
        return "PNG"
    return None


def _flags(webp: bytes) -> int:
    """What a WebP's VP8X chunk says of the file; 0 where it is cut off."""
    return webp[20] if len(webp) > 20 else 0


def is_sequence(heic: bytes) -> bool:
    """Whether a HEIC has pictures one after another, of which libheif gives the first."""
    return heic[8:12] in SEQUENCE_BRANDS


def _brands(start: bytes) -> list[bytes]:
    """The names in the ftyp box: what the file is first, then what else it can be read as."""
    end = min(int.from_bytes(start[:4], "big"), len(start) - 3)
    return [start[8:12], *(start[offset : offset + 4] for offset in range(16, end, 4))]


def _heif_kind(brands: list[bytes]) -> str | None:
    first, *others = brands
    if first in AVIF_BRANDS or (first in GENERAL_BRANDS and AVIF_BRANDS & set(others)):
        return "AVIF"
    return "HEIC" if first in HEIF_BRANDS | GENERAL_BRANDS else None


def _gif() -> ImageOpener:
    from PIL.GifImagePlugin import GifImageFile

    return GifImageFile


def _webp() -> ImageOpener:
    from PIL.WebPImagePlugin import WebPImageFile

    def open_webp(file: BinaryIO) -> ImageFile:
        image = WebPImageFile(file)
        # what none of the pictures covers is transparent, even if each of them is opaque
        image._mode = image.rawmode = "RGBA"
        return image

    return open_webp


def _png() -> ImageOpener:
    from PIL.PngImagePlugin import PngImageFile

    return PngImageFile


def _avif() -> ImageOpener:
    from PIL.AvifImagePlugin import AvifImageFile

    return AvifImageFile


def _heic() -> ImageOpener:
    from pillow_heif.as_plugin import HeifImageFile

    opener: ImageOpener = HeifImageFile
    return opener


# Pillow's own classes: `Image.open` would try every format it knows, and imports them all for that
OPENERS: dict[str, Callable[[], ImageOpener]] = {
    "GIF": _gif,
    "WebP": _webp,
    "PNG": _png,
    "AVIF": _avif,
    "HEIC": _heic,
}


@dataclass(frozen=True)
class Pictures:
    """The pictures of an open file, decoded one at a time."""

    path: Path
    kind: str
    image: ImageFile
    size: tuple[int, int]  # (width, height) as stored
    indices: range  # Pillow's, of those to be shown
    orientation: Orientation
    max_pixels: int

    def load(self, number: int) -> tuple[Picture, Fraction]:
        """A picture upright, in 8-bit BGR on white, and for how many seconds it is shown."""
        with _pillow_errors(self.path, self.kind):
            self.image.seek(self.indices[number])
        check_size(self.path, self.image.size, self.max_pixels)  # GIF's can grow
        with _pillow_errors(self.path, self.kind):
            self.image.load()
            width, height = self.size
            bgr = _on_white(self.image)[:height, :width]
            milliseconds = Fraction(self.image.info.get("duration") or 0)
        duration = milliseconds if milliseconds > SHORTEST else Fraction(LENGTHENED)
        return np.ascontiguousarray(self.orientation.apply(bgr)), duration / 1000


@contextmanager
def open_pictures(path: Path, kind: str, max_pixels: int) -> Iterator[Pictures]:
    """Open a file of a kind in OPENERS; InputError for damage, and for too large a picture."""
    opener = _opener(path, kind)
    with _open(path) as file:
        check_file_size(path, file, max_pixels)
        if kind in ("AVIF", "HEIC"):  # libheif makes up for tiles that are missing
            check_whole(path)
        with _pillow_errors(path, kind):
            image = opener(file)
        size = image.size
        check_size(path, size, max_pixels)
        with _pillow_errors(path, kind):
            orientation = Orientation.of_exif(int(image.getexif().get(ORIENTATION_TAG, 1)))
            indices = _shown_indices(image, kind)
        yield Pictures(path, kind, image, size, indices, orientation, max_pixels)


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: {reason_of(error)}; check who may read it") from error


def _shown_indices(image: ImageFile, kind: str) -> range:
    """Which of Pillow's pictures are shown: of HEIC the main one, of the others all that move."""
    if kind == "HEIC":
        return range(image.tell(), image.tell() + 1)
    still_first = getattr(image, "default_image", False)  # APNG's, for who does not know APNG
    return range(int(still_first), int(getattr(image, "n_frames", 1)))


def _opener(path: Path, kind: str) -> ImageOpener:
    try:
        return OPENERS[kind]()
    except ImportError as error:
        package = "pillow-heif" if kind == "HEIC" else "pillow"
        raise InputError(
            f"{path}: a {kind} picture, for which the package {package} is missing:"
            f" pip install {package}, or export the picture as jpg"
        ) from error


@contextmanager
def _pillow_errors(path: Path, kind: str) -> Iterator[None]:
    """Tell what Pillow raises in a line of ours; what it warns of, it mends."""
    from PIL.Image import DecompressionBombError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (*DAMAGE, DecompressionBombError) as error:
        raise InputError(
            f"{path}: a damaged or cut-off {kind} picture; give one that is whole"
        ) from error


def _on_white(image: Image) -> Picture:
    """The picture as stored, in BGR, blended with white where it is transparent."""
    if image.has_transparency_data:
        rgba = np.asarray(image.convert("RGBA"))
        return on_white(np.asarray(cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA), np.uint8))
    return np.asarray(cv2.cvtColor(np.asarray(image.convert("RGB")), cv2.COLOR_RGB2BGR), np.uint8)


def exif_orientation(exif: bytes) -> int:
    """The orientation that an EXIF block states; 1 (upright) where it states none."""
    from PIL.Image import Exif

    block = Exif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            block.load(exif)
            return int(block.get(ORIENTATION_TAG, 1))
    except DAMAGE:
        return 1


def transparent_level(png: bytes) -> int | None:
    """The gray level, in the PNG's own depth, that it declares transparent; none without one."""
    from PIL.PngImagePlugin import PngImageFile

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            level = PngImageFile(BytesIO(png)).info.get("transparency")
    except DAMAGE:
        return None
    return level if isinstance(level, int) else None
