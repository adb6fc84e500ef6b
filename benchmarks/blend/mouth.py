"""The true new mouth: at full resolution, as a camera had seen it, with nothing blurred."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from base.errors import InputError
from base.geometry import Affine, Box, Landmarks, Picture, Rect, Region
from blending.patch import SIDE, cut
from wav2lip.generators.puppet.mouth import Axes, Candidates, Mouth, find, line

Floats = NDArray[np.float32]

# All lengths are in halves of the mouth's width.
ENDS = 0.93  # of the opening
MARGIN = 0.06  # so far into the lips the inside reaches, that no old tooth is left beside it
PARTED = 0.02  # lips closer than this are closed
SLIT = 0.02  # the dark between closed lips
SOFT = 0.03  # the lips' edge as a lens shows it
REACH = 1.7  # to each side the chin follows
TOOTH = 0.2  # how far the upper teeth are seen

DEEP = np.array([0.22, 0.18, 0.30], np.float32)  # shares of the lip's colour
TONGUE = np.array([0.50, 0.44, 0.62], np.float32)
WHITE = np.array([0.86, 0.96, 1.02], np.float32)  # of the skin's light


@dataclass(frozen=True)
class Pose:
    """What the new mouth does: 0, 0 is a closed one as wide as the old."""

    drop: float = 0.0  # how far the lower lip hangs
    narrow: float = 0.0  # share of its width that it loses

    def __post_init__(self) -> None:
        if not (0 <= self.drop <= 0.8 and 0 <= self.narrow <= 0.4):
            raise ValueError(f"no mouth does this: {self}")


@dataclass(frozen=True)
class Lips:
    """Mouth coordinates of every pixel of a square, and what the mouth in it looks like."""

    rect: Rect
    axes: Axes  # in the square's pixels
    mouth: Mouth
    u: Floats
    v: Floats
    bottom: Floats  # v of the square's lower border, straight below

    @classmethod
    def of(cls, picture: Picture, box: Box, landmarks: Landmarks) -> "Lips":
        rect = _square(picture, box)
        whole = Box(rect.top, rect.bottom, rect.left, rect.right)
        small = cut(picture[rect.slices].astype(np.float32), rect, whole)
        axes = _axes(whole, landmarks)
        mouth = find(small, axes, Candidates.all())
        large = _enlarged(axes, rect.size[0] / SIDE)
        return cls(rect, large, mouth, *_coordinates(large, rect.size[0]))


@dataclass(frozen=True)
class Edges:
    """v of the lips' edges at every pixel, in the old picture and in the new."""

    upper: Floats
    lower: Floats
    roof: Floats
    floor: Floats

    @classmethod
    def of(cls, lips: Lips, u: Floats, pose: Pose) -> "Edges":
        arch = np.maximum(1 - np.square(u / ENDS), 0)
        upper = line(lips.mouth.upper, u)
        lower = np.maximum(line(lips.mouth.lower, u), upper)
        parted = np.minimum((lower - upper) / PARTED, 1) * MARGIN * np.sqrt(arch)
        closed = upper + 0.5 * (lower - upper)
        roof = closed - (0.15 * pose.drop + SLIT) * arch
        floor = closed + (pose.drop + SLIT) * arch
        return cls(upper - parted, lower + parted, roof, floor)


def reshaped(picture: Picture, lips: Lips, pose: Pose) -> Picture:
    """The picture with another mouth; chin and cheeks follow it."""
    old = picture[lips.rect.slices].astype(np.float32)
    u = np.asarray(lips.u * (1 + pose.narrow * _around(lips)), np.float32)
    edges = Edges.of(lips, u, pose)
    where = lips.axes.pixels(u, _sources(lips, u, edges))
    skin = cv2.remap(old, *where, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    new = skin + _gap(lips.v, u, edges)[:, :, None] * (_inside(lips, u, edges) - skin)
    out = picture.copy()
    out[lips.rect.slices] = np.clip(np.rint(new), 0, 255)
    return out


def _square(picture: Picture, box: Box) -> Rect:
    """As tall as the face, chin at its lower border."""
    height, width = picture.shape[:2]
    side = min(round(box.height), height, width)
    left = min(max(round(box.centre[0] - side / 2), 0), width - side)
    top = min(max(round(box.bottom) - side, 0), height - side)
    return Rect(top, top + side, left, left + side)


def _axes(box: Box, landmarks: Landmarks) -> Axes:
    axes = Axes.of(landmarks.mapped(Affine.square_to_box(SIDE, box).inverse()).points())
    if axes is None:
        raise InputError("there is no mouth to open: take a face that is seen from the front")
    return axes


def _enlarged(axes: Axes, by: float) -> Axes:
    (cx, cy), (rx, ry) = axes.centre, axes.right
    return Axes((cx * by, cy * by), (rx * by, ry * by), axes.nose, axes.turn)


def _coordinates(axes: Axes, side: int) -> tuple[Floats, Floats, Floats]:
    (cx, cy), (rx, ry) = axes.centre, axes.right
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) + np.float32(0.5)
    to_border = (side - y) / np.float32(rx)
    x, y, square = x - np.float32(cx), y - np.float32(cy), np.float32(axes.half**2)
    u = (x * np.float32(rx) + y * np.float32(ry)) / square
    v = (y * np.float32(rx) - x * np.float32(ry)) / square
    return u, v, v + to_border


def _around(lips: Lips) -> Floats:
    """1 at the lips, falling off before nose and chin."""
    away = np.square(lips.u / 1.35) ** 4 + np.square((lips.v - 0.15) / 0.5) ** 2
    return np.asarray(np.exp(-away), np.float32)


def _sources(lips: Lips, u: Floats, edges: Edges) -> Floats:
    """v in the old picture of every pixel of the lips and of what hangs on them."""
    v, bottom, nose = lips.v, lips.bottom, np.float32(lips.axes.nose)
    beside = np.exp(-np.square(np.square(u / REACH)))
    below = (v - edges.floor) / np.maximum(bottom - edges.floor, np.float32(0.2))
    fall = (edges.floor - edges.lower) * _fading(below) * beside
    rise = (edges.roof - edges.upper) * _fading((edges.roof - v) / (edges.roof - 0.7 * nose))
    low = v > 0.5 * (edges.roof + edges.floor)
    return np.asarray(np.where(low, v - fall, v - rise), np.float32)


def _fading(t: NDArray[np.floating[Any]]) -> Floats:
    """1 up to 0, level at both ends, 0 from 1 on."""
    t = np.clip(t, 0, 1)
    return np.asarray(1 - t * t * (3 - 2 * t), np.float32)


def _gap(v: Floats, u: Floats, edges: Edges) -> Floats:
    """How much of each pixel lies between the lips."""
    both = (1 - _fading((v - edges.roof) / SOFT + 0.5)) * _fading((np.abs(u) - ENDS) / SOFT + 1)
    return np.asarray(both * _fading((v - edges.floor) / SOFT + 0.5), np.float32)


def _inside(lips: Lips, u: Floats, edges: Edges) -> Region:
    """Darkness, a tongue where the mouth is wide, a row of upper teeth."""
    mouth, depth = lips.mouth, lips.v - edges.roof
    height = edges.floor - edges.roof
    middle = np.asarray(np.exp(-np.square(np.square(u / 0.7))), np.float32)
    low = (1 - _fading((depth / np.maximum(height, 0.05) - 0.5) / 0.5)) * middle
    low *= 1 - _fading((height - 0.2) / 0.3)
    dark, tongue = mouth.lip * DEEP, mouth.lip * TONGUE
    colour = dark + low[:, :, None] * (tongue - dark)
    row = _fading((depth - TOOTH * (1 - 0.4 * u * u)) / 0.05) * (1 - _fading((height - 0.12) / 0.1))
    tooth = float(mouth.skin.mean()) * WHITE
    shade = (0.45 + 0.5 * np.clip(depth / 0.12, 0, 1)) * (0.6 + 0.4 * middle)
    shade = shade * (1 - 0.14 * np.square(np.cos(np.pi / 0.24 * u)) ** 4)
    teeth = tooth * shade[:, :, None]
    return np.asarray(colour + (row * middle)[:, :, None] * (teeth - colour), np.float32)
