"""Videos of the demo's portrait, which moves like somebody who listens."""

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Picture
from video.still import read_picture
from video.writer import Target, write_video
from video.yuv import Frame

PORTRAIT = Path(__file__).parents[2] / "demo" / "portrait.png"
FPS = Fraction(25)
SWAY = 0.02  # of the picture's shorter side: how far the head moves to each side
TILT = 2.0  # degrees to each side
GRAIN = 1.0  # levels: the clip then takes as many bits as a film of a real person
GRAIN_MARGIN = 64  # pixels: the grain is so much larger than a frame, and each frame cuts a part
STILL = "still"
SIZES = {"720p": (1280, 720), "1080p": (1920, 1080), "1080x1920": (1080, 1920)}
NAMES = (*SIZES, STILL)


def make_clip(name: str, folder: Path, seconds: float) -> Path:
    """The clip of that name; the still is the portrait itself."""
    return PORTRAIT if name == STILL else make_video(folder / f"{name}.mp4", SIZES[name], seconds)


def make_video(path: Path, size: tuple[int, int], seconds: float) -> Path:
    """Write so many seconds, as a camera would deliver them."""
    pictures = moving_pictures(size, max(round(seconds * FPS), 1))
    write_video(
        (to_frame(picture) for picture in pictures), Target(path, FPS, *size, encoder="libx264")
    )
    return path


def moving_pictures(size: tuple[int, int], count: int) -> Iterator[Picture]:
    """The portrait before its own blurred colours, swaying, with grain."""
    portrait = read_picture(PORTRAIT)
    background, noise = backdrop(portrait, size), grain(size)
    offsets = np.random.default_rng(2).integers(0, GRAIN_MARGIN, (count, 2))
    for index in range(count):
        picture = background.copy()
        matrix = portrait_pose(portrait, size, index / float(FPS)).warp_matrix()
        cv2.warpAffine(portrait, matrix, size, picture, cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT)
        top, left = offsets[index].tolist()
        part = noise[top : top + size[1], left : left + size[0]]
        yield np.asarray(cv2.add(picture, part, dtype=cv2.CV_8U), np.uint8)


def portrait_pose(portrait: Picture, size: tuple[int, int], second: float) -> Affine:
    """The map from the portrait to the frame at this time."""
    side = portrait.shape[0]
    scale, reach = min(size) / side, SWAY * min(size)
    angle = math.radians(TILT) * math.sin(2 * math.pi * second / 7)
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    x = size[0] / 2 + reach * math.sin(2 * math.pi * second / 5)
    y = size[1] / 2 + reach * math.sin(2 * math.pi * second / 3.5) / 2
    rotation = Affine(cos, -sin, 0, sin, cos, 0)
    return Affine.shift(-side / 2, -side / 2).then(rotation).then(Affine.shift(x, y))


def backdrop(portrait: Picture, size: tuple[int, int]) -> Picture:
    """The portrait's colours, blurred beyond recognition."""
    small = cv2.GaussianBlur(
        cv2.resize(portrait, (64, 64), interpolation=cv2.INTER_AREA), (0, 0), 6
    )
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def grain(size: tuple[int, int]) -> NDArray[np.int16]:
    """(height, width, 3) int16, larger than the frame."""
    shape = size[1] + GRAIN_MARGIN, size[0] + GRAIN_MARGIN
    plane = np.random.default_rng(1).normal(0, GRAIN, shape).astype(np.float32)
    levels = np.rint(cv2.GaussianBlur(2 * plane, (0, 0), 0.7)).astype(np.int16)
    return np.repeat(levels[:, :, None], 3, axis=2)


def to_frame(picture: Picture) -> Frame:
    video = av.VideoFrame.from_ndarray(picture, "bgr24")
    return Frame(video.reformat(format="yuv420p", dst_colorspace="ITU709"))
