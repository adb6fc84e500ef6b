"""A mouth in the result beside the source's: both pictures, and the lips seen in both."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from base.geometry import Affine, Picture, Points
from base.lips import LEFT_EYE, RIGHT_EYE, Lips

NARROWEST = 0.45  # of the distance of the outer corners of the eyes: a mouth's width is at least so


@dataclass(frozen=True, eq=False)
class MouthPair:
    """The part of a frame around the face, in the result and in the source at that time."""

    source: Picture
    result: Picture
    source_lips: Lips  # in pixels of the part
    result_lips: Lips

    def __post_init__(self) -> None:
        if self.source.shape != self.result.shape:
            raise ValueError(f"parts of {self.source.shape} and {self.result.shape}")

    @cached_property
    def mouth_width(self) -> float:
        """Pixels of the source's mouth."""
        return mouth_width(self.source_lips)

    @cached_property
    def to_head(self) -> Affine:
        """From the part to mouth widths from the middle of the eyes, the eyes level."""
        left, right = self.source_lips.mesh(LEFT_EYE[0], RIGHT_EYE[1])
        return level(left, right, (left + right) / 2, 1 / self.mouth_width)


def mouth_width(lips: Lips) -> float:
    """Pixels from corner to corner, but not less where the mouth is pursed."""
    left, right = lips.mesh(LEFT_EYE[0], RIGHT_EYE[1])
    return max(lips.width, NARROWEST * float(np.hypot(*(right - left))))


def opening(lips: Lips, mouth_width: float) -> float:
    """The gap in mouth widths."""
    return lips.gap / mouth_width


def corners(lips: Lips) -> Points:
    """(2, 2): the left and the right one."""
    return lips.lower_outer[[0, -1]]


def outline(lips: Lips) -> Points:
    """The outer contour as a polygon."""
    return np.concatenate([lips.upper_outer, lips.lower_outer[::-1]])


def level(left: Points, right: Points, origin: Points, scale: float) -> Affine:
    """The turn that lays `left` and `right` level, about `origin`, which becomes 0."""
    cos, sin = (right - left) / max(float(np.hypot(*(right - left))), 1e-6) * scale
    x, y = origin
    return Affine(cos, sin, -cos * x - sin * y, -sin, cos, sin * x - cos * y)


def cut_out(part: Picture, to_cut: Affine, size: tuple[int, int]) -> Picture:
    """A turned and scaled cut of so many pixels; averaged where it shrinks to less than half."""
    scale = float(np.hypot(to_cut.a, to_cut.d))
    factor = max(int(1 / max(scale, 1e-3)), 1)
    if factor > 1:
        height, width = part.shape[:2]
        small = max(width // factor, 1), max(height // factor, 1)
        part = np.asarray(cv2.resize(part, small, interpolation=cv2.INTER_AREA), np.uint8)
        to_cut = Affine(width / small[0], 0, 0, 0, height / small[1], 0).then(to_cut)
    matrix, border = to_cut.warp_matrix(), cv2.BORDER_REPLICATE
    cut = cv2.warpAffine(part, matrix, size, flags=cv2.INTER_CUBIC, borderMode=border)
    return np.asarray(cut, np.uint8)
