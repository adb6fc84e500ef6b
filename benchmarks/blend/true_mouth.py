"""The true new mouth: drawn at full resolution, as a camera would have seen it, without any blur.

It is drawn independently of the puppet and shares only the seen lips with it: the puppet moves skin
and chin less than a person who speaks, so that borders in its faces are easier to hide.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Box, Picture, Rect, Region
from base.lips import Lips
from benchmarks.blend.lip_lines import Mouth, MouthAxes, find_mouth, line_height

Floats = NDArray[np.float32]

# All lengths are in halves of the mouth's width.
ENDS = 0.93  # of the opening, to both sides
MARGIN = 0.06  # the opening reaches so far into the old lips that no old tooth is left beside it
PARTED = 0.02  # lips closer than this are closed
SLIT = 0.02  # the dark between closed lips
LIP_EDGE = 0.03  # width of the lips' edge as a lens shows it
CHIN_REACH = 1.7  # to each side the chin follows
TOOTH = 0.2  # how far the upper teeth are seen

DEEP = np.array([0.22, 0.18, 0.30], np.float32)  # BGR, shares of the lip's colour
TONGUE = np.array([0.50, 0.44, 0.62], np.float32)
WHITE = np.array([0.86, 0.96, 1.02], np.float32)  # of the skin's light


@dataclass(frozen=True)
class MouthPose:
    """The new mouth: 0, 0 is closed and as wide as the old."""

    drop: float = 0.0  # of the lower lip
    narrow: float = 0.0  # share of its width that it loses

    def __post_init__(self) -> None:
        if not (0 <= self.drop <= 0.8 and 0 <= self.narrow <= 0.4):
            raise ValueError(f"no mouth does this: {self}")


@dataclass(frozen=True)
class MouthMap:
    """Mouth coordinates of every pixel of a square, and the mouth that was found in it."""

    rect: Rect
    axes: MouthAxes  # in the square's pixels
    mouth: Mouth
    u: Floats
    v: Floats
    bottom: Floats  # v of the square's lower border, straight below

    @classmethod
    def of(cls, picture: Picture, box: Box, lips: Lips) -> "MouthMap":
        rect = _face_square(picture, box)
        inside = lips.mapped(Affine.shift(-rect.left, -rect.top))
        axes = MouthAxes.of(inside)
        mouth = find_mouth(picture[rect.slices], inside, axes)
        return cls(rect, axes, mouth, *_coordinates(axes, rect.size[0]))


@dataclass(frozen=True)
class LipEdges:
    """v of the lips' edges at every pixel, in the old picture (upper, lower) and in the new."""

    upper: Floats
    lower: Floats
    new_upper: Floats
    new_lower: Floats

    @classmethod
    def of(cls, mouth: Mouth, u: Floats, pose: MouthPose) -> "LipEdges":
        arch = np.maximum(1 - np.square(u / ENDS), 0)
        upper = line_height(mouth.upper, u)
        lower = np.maximum(line_height(mouth.lower, u), upper)
        margin = np.minimum((lower - upper) / PARTED, 1) * MARGIN * np.sqrt(arch)
        closed = upper + 0.5 * (lower - upper)
        new_upper = closed - (0.15 * pose.drop + SLIT) * arch
        new_lower = closed + (pose.drop + SLIT) * arch
        return cls(upper - margin, lower + margin, new_upper, new_lower)


def draw_mouth(picture: Picture, mouth_map: MouthMap, pose: MouthPose) -> Picture:
    """The picture with another mouth; chin and cheeks follow it."""
    old = picture[mouth_map.rect.slices].astype(np.float32)
    u = np.asarray(mouth_map.u * (1 + pose.narrow * _lip_weight(mouth_map)), np.float32)
    edges = LipEdges.of(mouth_map.mouth, u, pose)
    sources = mouth_map.axes.to_pixels(u, _source_v(mouth_map, u, edges))
    skin = cv2.remap(old, *sources, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    gap = _gap_weight(mouth_map.v, u, edges)[:, :, None]
    new = skin + gap * (_mouth_interior(mouth_map, u, edges) - skin)
    result = picture.copy()
    result[mouth_map.rect.slices] = np.clip(np.rint(new), 0, 255)
    return result


def _face_square(picture: Picture, box: Box) -> Rect:
    """A square as tall as the face, with the chin at its lower border."""
    height, width = picture.shape[:2]
    side = min(round(box.height), height, width)
    left = min(max(round(box.centre[0] - side / 2), 0), width - side)
    top = min(max(round(box.bottom) - side, 0), height - side)
    return Rect(top, top + side, left, left + side)


def _coordinates(axes: MouthAxes, side: int) -> tuple[Floats, Floats, Floats]:
    """u and v of every pixel of a square, and v of its lower border straight below each."""
    (cx, cy), (rx, ry) = axes.centre, axes.right
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) + np.float32(0.5)
    to_border = (side - y) / np.float32(rx)
    x, y, square = x - np.float32(cx), y - np.float32(cy), np.float32(axes.half_width**2)
    u = (x * np.float32(rx) + y * np.float32(ry)) / square
    v = (y * np.float32(rx) - x * np.float32(ry)) / square
    return u, v, v + to_border


def _lip_weight(mouth_map: MouthMap) -> Floats:
    """1 at the lips, falling off before nose and chin."""
    distance = np.square(mouth_map.u / 1.35) ** 4 + np.square((mouth_map.v - 0.15) / 0.5) ** 2
    return np.asarray(np.exp(-distance), np.float32)


def _source_v(mouth_map: MouthMap, u: Floats, edges: LipEdges) -> Floats:
    """v in the old picture of every pixel of the lips, and of the skin that moves with them."""
    v, bottom, nose = mouth_map.v, mouth_map.bottom, np.float32(mouth_map.axes.nose_v)
    upper, lower = edges.new_upper, edges.new_lower
    beside = np.exp(-np.square(np.square(u / CHIN_REACH)))
    below = (v - lower) / np.maximum(bottom - lower, np.float32(0.2))
    fall = (lower - edges.lower) * _fade_out(below) * beside
    rise = (upper - edges.upper) * _fade_out((upper - v) / (upper - 0.7 * nose))
    is_low = v > 0.5 * (upper + lower)
    return np.asarray(np.where(is_low, v - fall, v - rise), np.float32)


def _fade_out(t: NDArray[np.floating[Any]]) -> Floats:
    """1 up to t = 0, 0 from t = 1 on, level at both."""
    t = np.clip(t, 0, 1)
    return np.asarray(1 - t * t * (3 - 2 * t), np.float32)


def _gap_weight(v: Floats, u: Floats, edges: LipEdges) -> Floats:
    """The share of each pixel that lies between the lips."""
    below_upper = 1 - _fade_out((v - edges.new_upper) / LIP_EDGE + 0.5)
    between_ends = _fade_out((np.abs(u) - ENDS) / LIP_EDGE + 1)
    above_lower = _fade_out((v - edges.new_lower) / LIP_EDGE + 0.5)
    return np.asarray(below_upper * between_ends * above_lower, np.float32)


def _mouth_interior(mouth_map: MouthMap, u: Floats, edges: LipEdges) -> Region:
    """Darkness, a tongue where the mouth is wide, a row of upper teeth."""
    mouth, depth = mouth_map.mouth, mouth_map.v - edges.new_upper
    height = edges.new_lower - edges.new_upper
    middle = np.asarray(np.exp(-np.square(np.square(u / 0.7))), np.float32)
    low = (1 - _fade_out((depth / np.maximum(height, 0.05) - 0.5) / 0.5)) * middle
    low *= 1 - _fade_out((height - 0.2) / 0.3)
    dark, tongue = mouth.lip_color * DEEP, mouth.lip_color * TONGUE
    colour = dark + low[:, :, None] * (tongue - dark)
    row = _fade_out((depth - TOOTH * (1 - 0.4 * u * u)) / 0.05)
    row = row * (1 - _fade_out((height - 0.12) / 0.1))
    tooth = float(mouth.skin_color.mean()) * WHITE
    shade = (0.45 + 0.5 * np.clip(depth / 0.12, 0, 1)) * (0.6 + 0.4 * middle)
    shade = shade * (1 - 0.14 * np.square(np.cos(np.pi / 0.24 * u)) ** 4)
    teeth = tooth * shade[:, :, None]
    return np.asarray(colour + (row * middle)[:, :, None] * (teeth - colour), np.float32)
