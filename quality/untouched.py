"""How well the picture outside the face was left alone."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Box, Rect
from quality.comparison import ComparedFrame
from video.yuv import Frame, Plane

Floats = NDArray[np.float32]

FRAME_STEP = 24  # frames: those between are encoded as well or as badly
MARGIN = 0.15  # of the face's width, around its box: what may have changed
BELOW = 0.3  # below it: a jaw that drops takes the skin under the chin with it
TILE = 32  # pixels of the squares of which the worst one counts
PEAK = 255.0  # levels
BEST = 99.0  # decibels: bit-identical
WINDOW = 8  # pixels: structure is compared in squares of this side
LIGHT, CONTRAST = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2  # the constants of SSIM


class Untouched:
    """Measures, about once a second, what differs outside the face."""

    def __init__(self) -> None:
        self._error, self._pixels = 0.0, 0
        self._tiles: list[Floats] = []
        self._similarities: list[float] = []

    def add(self, frame: ComparedFrame) -> None:
        if frame.source is None or frame.index % FRAME_STEP:
            return
        result, source = luma(frame.result), luma(frame.source)
        if result.shape != source.shape:
            return
        outside = outside_face(result.shape, None if frame.face is None else frame.face.box)
        error = np.square(result - source) * outside
        self._error += float(error.sum(dtype=np.float64))
        self._pixels += int(np.count_nonzero(outside))
        self._tiles.append(_tile_means(error))
        self._similarities.append(structural_similarity(result, source, outside))

    def psnr(self) -> float | None:
        """Decibels over all frames that were measured."""
        return _decibels(self._error / self._pixels) if self._pixels else None

    def worst(self) -> float | None:
        """Decibels of the square of the picture that differs most through the whole clip."""
        return _decibels(float(np.mean(self._tiles, axis=0).max())) if self._tiles else None

    def ssim(self) -> float | None:
        """Mean structural similarity over all frames that were measured."""
        return float(np.mean(self._similarities)) if self._similarities else None


def luma(frame: Frame) -> Floats:
    """The frame's luma in 0..255, whatever its depth; both frames of a run have one range."""
    plane: Plane = frame.planes()[0]
    return np.asarray(plane, np.float32) * np.float32(PEAK / frame.layout.max_value)


def outside_face(shape: Sequence[int], box: Box | None) -> Floats:
    """(height, width): 1 where nothing may have changed, 0 in the face's box and its margin."""
    outside = np.ones((shape[0], shape[1]), np.float32)
    rect = None if box is None else with_margin(box).inside(shape[1], shape[0])
    if isinstance(rect, Rect):
        outside[rect.slices] = 0
    return outside


def with_margin(box: Box) -> Box:
    margin = MARGIN * box.width
    return box.padded(margin, BELOW * box.width, margin, margin)


def structural_similarity(first: Floats, second: Floats, where: Floats) -> float:
    """Mean structural similarity (SSIM) in small squares, of two pictures at half their size."""
    first, second, where = (_halved(picture) for picture in (first, second, where))
    mean1, mean2 = _window_means(first), _window_means(second)
    variance1 = _window_means(first * first) - mean1**2
    variance2 = _window_means(second * second) - mean2**2
    covariance = _window_means(first * second) - mean1 * mean2
    light = (2 * mean1 * mean2 + LIGHT) / (mean1**2 + mean2**2 + LIGHT)
    contrast = (2 * covariance + CONTRAST) / (variance1 + variance2 + CONTRAST)
    inside = where == 1
    return float((light * contrast)[inside].mean()) if inside.any() else 1.0


def _window_means(picture: Floats) -> Floats:
    return np.asarray(cv2.blur(picture, (WINDOW, WINDOW)), np.float32)


def _halved(picture: Floats) -> Floats:
    size = max(picture.shape[1] // 2, 1), max(picture.shape[0] // 2, 1)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)


def _tile_means(error: Floats) -> Floats:
    size = max(error.shape[1] // TILE, 1), max(error.shape[0] // TILE, 1)
    return np.asarray(cv2.resize(error, size, interpolation=cv2.INTER_AREA), np.float32)


def _decibels(error: float) -> float:
    return min(10 * math.log10(PEAK**2 / error), BEST) if error > 0 else BEST
