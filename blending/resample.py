"""Resample small squares to any size and place, exact to a fraction of a pixel.

Rows and columns are resampled one after the other, each by a product with a small matrix: several
times faster than a warp, and a wide kernel costs no more than a narrow one.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine

Floats = NDArray[np.float32]

BAND = 64  # target pixels that share a weight matrix: most of one for all would be 0


@dataclass(frozen=True)
class Kernel:
    """The weight of a source pixel by its distance, in pixels."""

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


def resample(square: Floats, to_target: Affine, size: tuple[int, int], kernel: Kernel) -> Floats:
    """Scale and shift a (side, side, n) array; returns (height, width, n) for `size` (w, h).

    Beyond the square its border is replicated.
    """
    if to_target.b or to_target.d or to_target.a <= 0 or to_target.e <= 0:
        raise ValueError(f"only scaling and shifting can be done row by row, got {to_target}")
    width, height = size
    columns = _axis_weights(width, square.shape[1], to_target.a, to_target.c, kernel)
    rows = _axis_weights(height, square.shape[0], to_target.e, to_target.f, kernel)
    part = square[rows.sources][:, columns.sources].transpose(1, 0, 2)
    wide = columns.apply(np.ascontiguousarray(part).reshape(len(columns.sources), -1))
    wide = wide.reshape(width, len(rows.sources), -1).transpose(1, 0, 2)
    tall = rows.apply(np.ascontiguousarray(wide).reshape(len(rows.sources), -1))
    return tall.reshape(height, width, -1)


@dataclass(frozen=True)
class AxisWeights:
    """The weights of the source pixels for each target pixel, along one axis."""

    bands: tuple[tuple[slice, slice, Floats], ...]  # targets, sources, (targets, sources) weights
    sources: NDArray[np.intp]  # indices of the source pixels, clipped to the square

    def apply(self, values: Floats) -> Floats:
        """(sources, n) -> (targets, n)"""
        out = np.empty((self.bands[-1][0].stop, values.shape[1]), np.float32)
        for targets, sources, weights in self.bands:
            np.matmul(weights, values[sources], out=out[targets])
        return out


@lru_cache(maxsize=16)  # several squares go to one place, and the face of a still stays there
def _axis_weights(
    targets: int, sources: int, scale: float, shift: float, kernel: Kernel
) -> AxisWeights:
    """For `targets` pixels made from `sources` pixels: target = scale * source + shift."""
    stretch = max(1.0, 1 / scale)  # where the square shrinks, the kernel covers all its pixels
    taps = np.arange(2 * math.ceil(kernel.reach * stretch))
    positions = (np.arange(targets) + 0.5 - shift) / scale - 0.5
    start = np.floor(positions).astype(np.intp) - len(taps) // 2 + 1
    distances = np.abs(positions - start)[:, None] - taps
    values = kernel.weight(np.abs(distances / stretch).astype(np.float32))
    values /= values.sum(axis=1, keepdims=True)
    first = start - start[0]
    bands = tuple(_bands(values, first))
    used = start[0] + np.arange(first[-1] + len(taps))
    return AxisWeights(bands, used.clip(0, sources - 1))


def _bands(values: Floats, first: NDArray[np.intp]) -> Iterator[tuple[slice, slice, Floats]]:
    """Matrices from (targets, taps) weights; `first` is the source of each target's first tap."""
    count, taps = values.shape
    for start in range(0, count, BAND):
        targets = slice(start, min(start + BAND, count))
        sources = slice(int(first[start]), int(first[targets.stop - 1]) + taps)
        weights = np.zeros((targets.stop - start, sources.stop - sources.start), np.float32)
        rows = np.arange(len(weights))[:, None]
        columns = first[targets, None] - sources.start + np.arange(taps)
        weights[rows, columns] = values[targets]
        yield targets, sources, weights
