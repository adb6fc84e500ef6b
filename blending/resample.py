"""Small squares laid out at any size and place, exact to a fraction of a pixel.

Rows and columns are resampled one after the other, each by a product with a small matrix: several
times faster than a warp, and a wide kernel costs no more than a narrow one.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from geometry import Affine

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Kernel:
    """How much a pixel counts at a distance, in pixels."""

    reach: int
    weight: Callable[[Floats], Floats]


def _cubic(x: Floats) -> Floats:
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.asarray(np.where(x < 1, near, np.where(x < 2, far, 0)), np.float32)


def _lanczos(x: Floats) -> Floats:
    return np.asarray(np.where(x < 4, np.sinc(x) * np.sinc(x / 4), 0), np.float32)


def _linear(x: Floats) -> Floats:
    return np.maximum(1 - x, 0)


LINEAR, CUBIC, LANCZOS = Kernel(1, _linear), Kernel(2, _cubic), Kernel(4, _lanczos)


def resampled(square: Floats, by: Affine, size: tuple[int, int], kernel: Kernel) -> Floats:
    """(side, side, n) moved and scaled by `by`, seen in a window of `size`: (height, width, n)."""
    if by.b or by.d or by.a <= 0 or by.e <= 0:
        raise ValueError(f"only scaling and shifting can be done row by row, got {by}")
    width, height = size
    across, columns = _weights(width, square.shape[1], by.a, by.c, kernel)
    along, rows = _weights(height, square.shape[0], by.e, by.f, kernel)
    seen = np.ascontiguousarray(square[rows][:, columns].transpose(2, 0, 1))
    wide = np.asarray(cv2.merge(list(seen @ across.T)), np.float32)
    return (along @ wide.reshape(len(wide), -1)).reshape(height, width, -1)


@lru_cache(maxsize=16)  # some squares go to the same place, and a still's face stays there
def _weights(
    count: int, of: int, scale: float, shift: float, kernel: Kernel
) -> tuple[Floats, NDArray[np.intp]]:
    """(count, n): how much each of n source pixels counts for each target's; and which they are."""
    wide = max(1.0, 1 / scale)  # where it shrinks, all pixels count
    taps = np.arange(2 * math.ceil(kernel.reach * wide))
    places = (np.arange(count) + 0.5 - shift) / scale - 0.5
    nearest = np.floor(places).astype(np.intp) - len(taps) // 2 + 1
    apart = np.abs(places - nearest)[:, None] - taps
    values = kernel.weight(np.abs(apart / wide).astype(np.float32))
    weights = np.zeros((count, int(nearest[-1]) + len(taps) - int(nearest[0])), np.float32)
    which = nearest[:, None] - nearest[0] + taps
    np.put_along_axis(weights, which, values / values.sum(axis=1, keepdims=True), axis=1)
    weights.setflags(write=False)
    pixels = nearest[0] + np.arange(weights.shape[1])
    return weights, pixels.clip(0, of - 1)  # beyond the square its border goes on
