"""Where a sound is loud and where it is quiet, in blocks of a hundredth of a second."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]  # (samples,), full scale is -1..1

RATE = 16_000  # samples a second
BLOCK = RATE // 100  # samples of which the loudness is taken
BLOCK_RATE = RATE // BLOCK
SILENT_DB = -25.0  # against the loudest: nobody speaks
FAINT = 1e-3  # amplitude: nor here


def pieces(samples: Samples, shortest: int, longest: int) -> Iterator[tuple[int, Samples]]:
    """The sound cut where it is quiet, into pieces of so many seconds; each with its first sample's
    number."""
    first = 0
    while len(samples) - first > longest * RATE:
        search = slice(first + shortest * RATE, first + longest * RATE)
        level = np.convolve(levels(samples[search]), np.ones(10), "same")
        last = search.start + int(level.argmin()) * BLOCK
        yield first, np.array(samples[first:last])
        first = last
    yield first, np.array(samples[first:])


def levels(samples: Samples) -> NDArray[np.float64]:
    """The amplitude of every block; what is left over at the end belongs to none."""
    blocks = samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK)
    return np.asarray(np.sqrt(np.square(blocks, dtype=np.float64).mean(axis=1)))


def loud_blocks(samples: Samples) -> NDArray[np.bool_]:
    """Where somebody may be speaking."""
    amplitudes = levels(samples)
    if not amplitudes.size:
        return np.zeros(0, np.bool_)
    least = max(float(np.percentile(amplitudes, 98)) * 10 ** (SILENT_DB / 20), FAINT)
    return np.asarray(amplitudes > least)
