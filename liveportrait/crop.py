"""The square around a face that the networks see, and how it comes back into the frame."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Box, Landmarks, Mask, Picture, Points, Rect, Region
from video.yuv import Frame

Floats = NDArray[np.float32]

SIDE = 512  # pixels of the square that is laid back
# Eyes, nose and corners of the mouth as shares of the square, for landmarks spread about the nose:
# so wide a square holds the hair and the neck.
TEMPLATE = (
    (0.37691676, 0.46864664),
    (0.62285697, 0.46912813),
    (0.50123859, 0.61331904),
    (0.39308822, 0.725411),
    (0.61150205, 0.72490465),
)
WIDENED = 1.5
MASK_BORDER, MASK_SPREAD = 38, 19  # pixels of the square that stay, and over which it fades in


@dataclass(frozen=True)
class FaceSquare:
    """A square around a face, turned as the face is."""

    to_square: Affine  # from the frame's pixels

    @classmethod
    def of(cls, landmarks: Landmarks) -> "FaceSquare":
        return cls(Affine.similarity(widened(landmarks.points()), np.array(TEMPLATE) * SIDE))

    def cut(self, frame: Frame, side: int) -> Picture:
        """The square as BGR of `side` pixels; the frame's border is repeated."""
        scale = side / SIDE
        matrix = self.to_square.then(Affine(scale, 0, 0, 0, scale, 0)).warp_matrix()
        return _warped(frame.picture(), matrix, side)

    def paste(self, frame: Frame, square: Region) -> Frame:
        """The frame with the square (BGR, 0..255) laid in, softly; outside it nothing changes."""
        rect = self._box.inside(frame.width, frame.height)
        if rect is None:
            return frame
        patch = self._laid_back(square, rect)
        weight = self._laid_back(seamless_mask(), rect)[..., None].clip(0, 1)
        before = frame.region(rect)
        region = before + (patch.clip(0, 255) - before) * weight
        return frame.with_region(rect, np.asarray(region, np.float32), before)

    @property
    def _box(self) -> Box:
        corners = np.array([(0, 0), (SIDE, 0), (0, SIDE), (SIDE, SIDE)], np.float64)
        return Box.around(self.to_square.inverse()(corners))

    def _laid_back(self, square: Floats, rect: Rect) -> Floats:
        """A square of any side as it lies in the frame's rectangle; averaged where it shrinks."""
        scale = SIDE / square.shape[0]
        to_frame = Affine(scale, 0, 0, 0, scale, 0).then(self.to_square.inverse())
        matrix = to_frame.then(Affine.shift(-rect.left, -rect.top)).warp_matrix()
        shrinks = float(np.hypot(matrix[0, 0], matrix[1, 0])) < 1
        flags = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        border = cv2.BORDER_REPLICATE
        warped = cv2.warpAffine(square, matrix, rect.size, flags=flags, borderMode=border)
        return np.asarray(warped, np.float32)


def widened(landmarks: Points) -> Points:
    """The five landmarks, spread about the nose."""
    return np.asarray(landmarks[2] + (landmarks - landmarks[2]) * WIDENED, np.float64)


@lru_cache(maxsize=1)
def soft_mask() -> Mask:
    """(SIDE, SIDE): next to nothing along the border, 1 in the middle."""
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[MASK_BORDER:-MASK_BORDER, MASK_BORDER:-MASK_BORDER] = 1
    soft = np.asarray(cv2.GaussianBlur(mask, (0, 0), MASK_SPREAD), np.float32)
    soft.flags.writeable = False
    return soft


@lru_cache(maxsize=1)
def seamless_mask() -> Mask:
    """The same, but nothing at all at the border, where a twentieth would show as an edge."""
    mask = soft_mask()
    edge = mask[0].max()
    mask = np.asarray(((mask - edge) / (1 - edge)).clip(0, 1), np.float32)
    mask.flags.writeable = False
    return mask


def as_input(picture: Picture) -> NDArray[np.float32]:
    """(1, 3, side, side) RGB in 0..1 of a BGR picture."""
    rgb = picture[..., ::-1].transpose(2, 0, 1)[None]
    return np.ascontiguousarray(rgb, np.float32) / np.float32(255)


def as_region(made: NDArray[np.float32]) -> Region:
    """BGR in 0..255 of what a network made."""
    return np.ascontiguousarray(made[0, ::-1].transpose(1, 2, 0) * np.float32(255))


def _warped(picture: Picture, matrix: NDArray[np.float64], side: int) -> Picture:
    """Averaged where the picture shrinks by more than half, so that nothing flickers."""
    factor = int(1 / max(float(np.hypot(matrix[0, 0], matrix[1, 0])), 1e-6))
    if factor > 1:
        height, width = picture.shape[:2]
        size = max(1, width // factor), max(1, height // factor)
        exact = width / size[0], height / size[1]
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        enlarged = Affine(exact[0], 0, 0, 0, exact[1], 0).warp_matrix()
        matrix = matrix @ np.vstack([enlarged, [0, 0, 1]])
    flags, border = cv2.INTER_LINEAR, cv2.BORDER_REPLICATE
    warped = cv2.warpAffine(picture, matrix, (side, side), flags=flags, borderMode=border)
    return np.asarray(warped, np.uint8)
