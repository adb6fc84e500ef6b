"""Resample small squares to any size and place, exact to a fraction of a pixel.

Rows and columns are resampled one after the other, each by a product with a small matrix: several
times faster than a warp, and a wide kernel costs no more than a narrow one.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Rect

Floats = NDArray[np.float32]

LARGEST_CELL = 4  # pixels of a side: of the coarsest chroma
SMALL_BAND, BAND = (
    32,
    64,
)  # target pixels that share a weight matrix: most of one for all would be 0


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
    planes = np.ascontiguousarray(square.transpose(2, 0, 1))
    target = resample_planes(planes, to_target, Rect(0, size[1], 0, size[0]), (1, 1), kernel)
    return np.asarray(cv2.merge(list(target)), np.float32).reshape(size[1], size[0], -1)


def resample_planes(
    planes: Floats,
    to_target: Affine,
    covered: Rect,
    cell: tuple[int, int] = (1, 1),
    kernel: Kernel = CUBIC,
) -> Floats:
    """Scale and shift (n, height, width) planes to the target's pixels `covered`.

    The result has the mean over each cell of so many pixels wide and high.
    Beyond the planes their border is replicated.
    """
    if to_target.b or to_target.d or to_target.a <= 0 or to_target.e <= 0:
        raise ValueError(f"only scaling and shifting can be done row by row, got {to_target}")
    height, width = planes.shape[1:]
    axis = Axis(width, to_target.a, to_target.c, kernel)
    across = _axis_weights(axis, covered.left, covered.right, cell[0])
    axis = Axis(height, to_target.e, to_target.f, kernel)
    along = _axis_weights(axis, covered.top, covered.bottom, cell[1])
    return along.apply_to_columns(across.apply_to_rows(planes[:, along.sources]))


@dataclass(frozen=True)
class Axis:
    """From source pixels to target = scale * source + shift, along one axis."""

    sources: int  # pixels
    scale: float
    shift: float
    kernel: Kernel


@dataclass(frozen=True)
class AxisWeights:
    """The weights of the source pixels for each target, along one axis."""

    bands: tuple[tuple[slice, slice, Floats], ...]  # targets, sources, (targets, sources) weights

    @property
    def targets(self) -> int:
        return int(self.bands[-1][0].stop)

    @property
    def sources(self) -> slice:
        """Those that any target needs."""
        return slice(self.bands[0][1].start, self.bands[-1][1].stop)

    def apply_to_rows(self, planes: Floats) -> Floats:
        """(n, height, sources) -> (n, height, targets)"""
        out = np.empty((*planes.shape[:2], self.targets), np.float32)
        for targets, sources, weights in self.bands:
            np.matmul(planes[:, :, sources], weights.T, out=out[:, :, targets])
        return out

    def apply_to_columns(self, planes: Floats) -> Floats:
        """(n, sources from the first needed one on, width) -> (n, targets, width)"""
        out = np.empty((len(planes), self.targets, planes.shape[2]), np.float32)
        first = self.sources.start
        for targets, sources, weights in self.bands:
            part = planes[:, sources.start - first : sources.stop - first]
            np.matmul(weights, part, out=out[:, targets])
        return out


@lru_cache(maxsize=16)  # the face of a still stays in its place
def _axis_weights(axis: Axis, start: int, end: int, cell: int) -> AxisWeights:
    """For cells of the target's pixels from `start` to `end`."""
    outer = start // LARGEST_CELL * LARGEST_CELL
    weights, first, last = _pixel_weights(axis, outer, -(-end // LARGEST_CELL) * LARGEST_CELL)
    pixels = slice(start - outer, end - outer)
    weights, first, last = weights[pixels], first[pixels], last[pixels]
    if cell > 1:
        weights = reduce(np.add, (weights[i::cell] for i in range(cell))) / np.float32(cell)
    return AxisWeights(tuple(_bands(weights, first[::cell], last[cell - 1 :: cell] + 1, BAND)))


@lru_cache(maxsize=4)  # planes of different resolution share them
def _pixel_weights(
    axis: Axis, start: int, end: int
) -> tuple[Floats, NDArray[np.intp], NDArray[np.intp]]:
    """(targets, sources) for pixels from `start` to `end`; the first and last source of each."""
    stretch = max(1.0, 1 / axis.scale)  # where it shrinks, the kernel covers all its pixels
    taps = np.arange(2 * math.ceil(axis.kernel.reach * stretch))
    positions = (np.arange(start, end) + (0.5 - axis.shift)) / axis.scale - 0.5
    first = np.floor(positions).astype(np.intp) - (len(taps) // 2 - 1)
    used = first[:, None] + taps
    values = axis.kernel.weight(np.abs((positions[:, None] - used) / stretch).astype(np.float32))
    values /= values.sum(axis=1, keepdims=True)
    used = used.clip(0, axis.sources - 1)  # the border goes on
    return _matrix(used, values, axis.sources), used[:, 0], used[:, -1]


def _matrix(used: NDArray[np.intp], values: Floats, sources: int) -> Floats:
    """(targets, sources) from the sources that each target uses, and their weights."""
    weights = np.zeros((len(used), sources), np.float32)
    rows = np.arange(0, weights.size, sources)
    np.add.at(weights.reshape(-1), (used + rows[:, None]).reshape(-1), values.reshape(-1))
    return weights


@dataclass(frozen=True)
class Means:
    """Targets that are the means of evenly spaced samples; all lie from `start` on in `length`.

    A sample is interpolated linearly between pixels.
    """

    targets: int
    samples: int  # of each target
    start: float
    length: float

    def weights(self, pixels: slice, cell: int) -> AxisWeights:
        """Of cells of `pixels`, whose border is replicated."""
        used, shares = _samples(self, pixels.start, pixels.stop)
        cells = used // cell - pixels.start // cell
        sources = (pixels.stop - 1) // cell - pixels.start // cell + 1
        weights = _matrix(cells, shares, sources)
        return AxisWeights(tuple(_bands(weights, cells[:, 0], cells[:, -1] + 1, SMALL_BAND)))


@lru_cache(maxsize=4)  # planes of different resolution share them
def _samples(means: Means, start: int, stop: int) -> tuple[NDArray[np.intp], Floats]:
    """(targets, 2 * samples): the pixels around each sample of a target, and their shares."""
    count = means.targets * means.samples
    places = (np.arange(count) + 0.5) * (means.length / count) + (means.start - 0.5)
    whole = np.floor(places)
    after = (places - whole) / means.samples
    pixels = np.stack([whole, whole + 1], 1).clip(start, stop - 1).astype(np.intp)
    shares = np.stack([1 / means.samples - after, after], 1).astype(np.float32)
    return pixels.reshape(means.targets, -1), shares.reshape(means.targets, -1)


def _bands(
    weights: Floats, first: NDArray[np.intp], ends: NDArray[np.intp], band: int
) -> Iterator[tuple[slice, slice, Floats]]:
    """The parts of a matrix that are not 0, `band` rows each."""
    for start in range(0, len(weights), band):
        rows = slice(start, min(start + band, len(weights)))
        sources = slice(int(first[start]), int(ends[rows.stop - 1]))
        yield rows, sources, weights[rows, sources]
