"""How well the picture outside the face was left alone."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Box, Rect
from quality.view import Sight
from video.yuv import Frame, Plane

Floats = NDArray[np.float32]

EVERY = 24  # frames: the others are as well or badly encoded
BEYOND = 0.15  # of the face's width, around its box: what may have changed
TILE = 32  # pixels of the squares of which the worst one counts
LEVELS = 255.0
BEST = 99.0  # decibels: bit-identical
WINDOW = 8  # pixels: structure is compared in squares of this side
LIGHT, CONTRAST = (0.01 * LEVELS) ** 2, (0.03 * LEVELS) ** 2  # the constants of SSIM


class Untouched:
    """Sums, about once a second, of what differs outside the face."""

    def __init__(self) -> None:
        self._error, self._pixels = 0.0, 0
        self._tiles: list[Floats] = []
        self._alike: list[float] = []

    def look(self, sight: Sight) -> None:
        if sight.source is None or sight.index % EVERY:
            return
        lumas = [luma(frame) for frame in (sight.frame, sight.source)]
        if lumas[0].shape != lumas[1].shape:
            return
        outside = outside_of(lumas[0].shape, None if sight.face is None else sight.face.box)
        error = np.square(lumas[0] - lumas[1]) * outside
        self._error += float(error.sum(dtype=np.float64))
        self._pixels += int(np.count_nonzero(outside))
        self._tiles.append(_tile_means(error))
        self._alike.append(structure(lumas[0], lumas[1], outside))

    def psnr(self) -> float | None:
        """Decibels over all that was looked at."""
        return _decibels(self._error / self._pixels) if self._pixels else None

    def worst(self) -> float | None:
        """Decibels of the square of the picture that differs most through the whole clip."""
        return _decibels(float(np.mean(self._tiles, axis=0).max())) if self._tiles else None

    def ssim(self) -> float | None:
        return float(np.mean(self._alike)) if self._alike else None


def luma(frame: Frame) -> Floats:
    """In 0..255, whatever the frame's depth; both frames of a run have one range."""
    plane: Plane = frame.planes()[0]
    return np.asarray(plane, np.float32) * np.float32(LEVELS / frame.layout.peak)


def outside_of(shape: Sequence[int], box: Box | None) -> Floats:
    """(height, width): 1 where nothing may have changed."""
    whole = np.ones((shape[0], shape[1]), np.float32)
    rect = None if box is None else around(box).inside(shape[1], shape[0])
    if isinstance(rect, Rect):
        whole[rect.slices] = 0
    return whole


def around(box: Box) -> Box:
    more = BEYOND * box.width
    return box.padded(more, more, more, more)


def structure(one: Floats, other: Floats, where: Floats) -> float:
    """Mean structural similarity in small squares, of two pictures at half their size."""
    one, other, where = (_halved(picture) for picture in (one, other, where))
    means = _mean(one), _mean(other)
    spreads = _mean(one * one) - means[0] ** 2, _mean(other * other) - means[1] ** 2
    shared = _mean(one * other) - means[0] * means[1]
    light = (2 * means[0] * means[1] + LIGHT) / (means[0] ** 2 + means[1] ** 2 + LIGHT)
    contrast = (2 * shared + CONTRAST) / (spreads[0] + spreads[1] + CONTRAST)
    seen = where == 1
    return float((light * contrast)[seen].mean()) if seen.any() else 1.0


def _mean(picture: Floats) -> Floats:
    return np.asarray(cv2.blur(picture, (WINDOW, WINDOW)), np.float32)


def _halved(picture: Floats) -> Floats:
    size = max(picture.shape[1] // 2, 1), max(picture.shape[0] // 2, 1)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)


def _tile_means(error: Floats) -> Floats:
    size = max(error.shape[1] // TILE, 1), max(error.shape[0] // TILE, 1)
    return np.asarray(cv2.resize(error, size, interpolation=cv2.INTER_AREA), np.float32)


def _decibels(error: float) -> float:
    return min(10 * math.log10(LEVELS**2 / error), BEST) if error > 0 else BEST
