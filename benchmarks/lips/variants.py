"""Pictures of a face by other light, size, tilt and quality."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Box, Picture
from base.lips import OVAL
from benchmarks.flags import write_output
from benchmarks.lips.pairs import first_lips
from benchmarks.material.clips import FPS
from video.still import read_picture

MARGIN = 0.6  # of the face's width, kept around it
SIDES = (60, 120, 200, 400, 800)  # pixels of the face's width
DARK, BRIGHT = 0.35, 1.25  # of the light at both sides of a face that is lit from one
JPEG_QUALITY = 25


@dataclass(frozen=True, eq=False)
class FacePicture:
    """A picture cut around a face."""

    pixels: Picture
    face_width: float  # pixels

    def __post_init__(self) -> None:
        if self.face_width < 1:
            raise ValueError(f"no face is {self.face_width} pixels wide")


Variant = Callable[[FacePicture], Picture]


def with_gamma(gamma: float, face: FacePicture) -> Picture:
    levels = 255 * (np.arange(256) / 255) ** gamma
    return np.asarray(np.rint(levels)[face.pixels], np.uint8)


def lit_from_one_side(face: FacePicture) -> Picture:
    light = np.linspace(DARK, BRIGHT, face.pixels.shape[1])[None, :, None]
    return _rounded(face.pixels * light)


def as_wide_as(side: int, face: FacePicture) -> Picture:
    scale = side / face.face_width
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    height, width = face.pixels.shape[:2]
    size = _even(scale * width), _even(scale * height)
    return np.asarray(cv2.resize(face.pixels, size, interpolation=interpolation), np.uint8)


def rolled(degrees: float, face: FacePicture) -> Picture:
    height, width = face.pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    border = cv2.BORDER_REPLICATE
    turned = cv2.warpAffine(face.pixels, matrix, (width, height), borderMode=border)
    return np.asarray(turned, np.uint8)


def blurred(sigma: float, face: FacePicture) -> Picture:
    return np.asarray(cv2.GaussianBlur(face.pixels, (0, 0), sigma), np.uint8)


def grey(face: FacePicture) -> Picture:
    light = cv2.cvtColor(face.pixels, cv2.COLOR_BGR2GRAY)
    return np.repeat(np.asarray(light, np.uint8)[..., None], 3, axis=2)


def poor_jpeg(face: FacePicture) -> Picture:
    _, data = cv2.imencode(".jpg", face.pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


VARIANTS: dict[str, Variant] = {
    "gamma 0.6": partial(with_gamma, 0.6),
    "gamma 1.6": partial(with_gamma, 1.6),
    "side light": lit_from_one_side,
    **{f"{side} px": partial(as_wide_as, side) for side in SIDES},
    "roll -20": partial(rolled, -20.0),
    "roll 20": partial(rolled, 20.0),
    "blur 1.5": partial(blurred, 1.5),
    "grey": grey,
    f"jpeg {JPEG_QUALITY}": poor_jpeg,
}


def write_variants(face: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """A PNG for every variant of the picture, by its name."""
    picture = cut_around_face(face)
    for name, change in VARIANTS.items():
        path = folder / f"{face.stem} {name}.png"
        _, data = cv2.imencode(".png", change(picture))
        write_output(path, data.tobytes())
        yield name, path


def cut_around_face(face: Path) -> FacePicture:
    """The picture with a margin around the face and an even size; NoFaceError without a face."""
    pair = first_lips(face, FPS)
    points = pair.source_lips.mesh(*OVAL) + np.array(pair.origin)
    (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    margin, picture = MARGIN * (right - left), read_picture(face)
    box = Box(top, bottom, left, right).padded(margin, margin, margin, margin)
    height, width = picture.shape[:2]
    rect = box.inside(width, height)
    assert rect is not None  # the face was seen in the picture
    rows, columns = (_even(side) for side in (rect.bottom - rect.top, rect.right - rect.left))
    cut = picture[rect.slices][:rows, :columns]
    return FacePicture(np.ascontiguousarray(cut), right - left)


def _even(length: float) -> int:
    return max(math.floor(length) // 2 * 2, 2)


def _rounded(values: NDArray[np.float64]) -> Picture:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)
