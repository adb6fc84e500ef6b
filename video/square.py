"""A square of a frame: cut out at any size, and laid back softly."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Box, Mask, Picture, Rect, Region
from video.yuv import Frame


def cut_square(frame: Frame, to_square: Affine, side: int) -> Picture:
    """(side, side, 3) BGR, by the map from the frame's pixels; the frame's border is repeated.

    Averaged where the picture shrinks by more than half, so that nothing flickers.
    """
    picture, matrix = frame.picture(), to_square.warp_matrix()
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


def lay_back(frame: Frame, square: Region, to_square: Affine, mask: Mask) -> Frame:
    """The frame with the square (BGR, 0..255) laid in where its mask is; all else stays as it is.

    `to_square` is the map from the frame's pixels to the mask's; the square may be of another size.
    """
    side = len(mask)
    corners = np.array([(0, 0), (side, 0), (0, side), (side, side)], np.float64)
    rect = Box.around(to_square.inverse()(corners)).inside(frame.width, frame.height)
    if rect is None:
        return frame
    scale = side / len(square)
    to_frame = to_square.inverse()
    patch = _placed(square, Affine(scale, 0, 0, 0, scale, 0).then(to_frame), rect)
    weight = _placed(mask, to_frame, rect)[..., None].clip(0, 1)
    before = frame.region(rect)
    region = before + (patch.clip(0, 255) - before) * weight
    return frame.with_region(rect, np.asarray(region, np.float32), before)


@lru_cache(maxsize=4)
def soft_mask(side: int, border: int, spread: float) -> Mask:
    """(side, side): next to nothing along the border, over `spread` pixels 1 in the middle."""
    mask = np.zeros((side, side), np.float32)
    mask[border:-border, border:-border] = 1
    return _read_only(np.asarray(cv2.GaussianBlur(mask, (0, 0), spread), np.float32))


@lru_cache(maxsize=4)
def seamless_mask(side: int, border: int, spread: float) -> Mask:
    """The same, but nothing at all at the border, where a twentieth would show as an edge."""
    mask = soft_mask(side, border, spread)
    edge = mask[0].max()
    return _read_only(np.asarray(((mask - edge) / (1 - edge)).clip(0, 1), np.float32))


def _read_only(mask: NDArray[np.float32]) -> Mask:
    mask.flags.writeable = False
    return mask


def _placed(square: NDArray[np.float32], to_frame: Affine, rect: Rect) -> NDArray[np.float32]:
    """A square as it lies in the frame's rectangle; averaged where it shrinks."""
    matrix = to_frame.then(Affine.shift(-rect.left, -rect.top)).warp_matrix()
    shrinks = float(np.hypot(matrix[0, 0], matrix[1, 0])) < 1
    flags = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    border = cv2.BORDER_REPLICATE
    warped = cv2.warpAffine(square, matrix, rect.size, flags=flags, borderMode=border)
    return np.asarray(warped, np.float32)
