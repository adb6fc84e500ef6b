"""Small squares laid out at any size and place, exact to a fraction of a pixel.

Rows and columns are resampled one after the other, each by a product with a small matrix: several
times faster than a warp, and a wide kernel costs no more than a narrow one.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine

Floats = NDArray[np.float32]

BAND = 64  # targets whose weights are one small matrix: most of a whole one would be 0


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
    across = _weights(width, square.shape[1], by.a, by.c, kernel)
    along = _weights(height, square.shape[0], by.e, by.f, kernel)
    seen = square[along.pixels][:, across.pixels].transpose(1, 0, 2)
    wide = across.times(np.ascontiguousarray(seen).reshape(len(across.pixels), -1))
    wide = wide.reshape(width, len(along.pixels), -1).transpose(1, 0, 2)
    tall = along.times(np.ascontiguousarray(wide).reshape(len(along.pixels), -1))
    return tall.reshape(height, width, -1)


@dataclass(frozen=True)
class Weights:
    """How much each source pixel counts for each target's; a band of targets sees few of them."""

    bands: tuple[tuple[slice, slice, Floats], ...]  # targets, sources, (targets, sources)
    pixels: NDArray[np.intp]  # which source pixels they are

    def times(self, rows: Floats) -> Floats:
        """(sources, n) -> (targets, n)"""
        out = np.empty((self.bands[-1][0].stop, rows.shape[1]), np.float32)
        for targets, sources, weights in self.bands:
            np.matmul(weights, rows[sources], out=out[targets])
        return out


@lru_cache(maxsize=16)  # some squares go to the same place, and a still's face stays there
def _weights(count: int, of: int, scale: float, shift: float, kernel: Kernel) -> Weights:
    wide = max(1.0, 1 / scale)  # where it shrinks, all pixels count
    taps = np.arange(2 * math.ceil(kernel.reach * wide))
    places = (np.arange(count) + 0.5 - shift) / scale - 0.5
    nearest = np.floor(places).astype(np.intp) - len(taps) // 2 + 1
    apart = np.abs(places - nearest)[:, None] - taps
    values = kernel.weight(np.abs(apart / wide).astype(np.float32))
    values /= values.sum(axis=1, keepdims=True)
    first = nearest - nearest[0]
    last = first + len(taps)
    bands = []
    for start in range(0, count, BAND):
        targets = slice(start, min(start + BAND, count))
        sources = slice(int(first[start]), int(last[targets.stop - 1]))
        weights = np.zeros((targets.stop - start, sources.stop - sources.start), np.float32)
        rows = np.arange(len(weights))[:, None]
        weights[rows, first[targets, None] - sources.start + taps] = values[targets]
        bands.append((targets, sources, weights))
    pixels = nearest[0] + np.arange(last[-1])
    return Weights(tuple(bands), pixels.clip(0, of - 1))  # beyond the square its border goes on
