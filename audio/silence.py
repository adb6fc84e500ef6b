"""Where somebody speaks: levels with hysteresis, in blocks of 20 ms.

The level of `energy` is loudness: the amplitude of a sine of the same power, 1 being full scale; a
constant offset counts for nothing. A block at the threshold or above begins speech, which goes on
while blocks keep 0.7 of it. Gaps of up to 0.3 s are speech, too: they are the closures of p, b and
m. At its ends it reaches 0.1 s further: lips part before they are heard, and close after.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import partial

import numpy as np
from numpy.typing import NDArray

from audio.clock import ticks
from audio.load import SAMPLE_RATE, Samples, Sound
from audio.spool import pieces

Levels = NDArray[np.float32]  # one for each block
Speech = Callable[[Fraction, int, Fraction], NDArray[np.bool_]]
"""Whether each of so many frames at a rate, moved later by some seconds, holds speech."""
Vad = Callable[[Sound, float], Speech]
"""Finds the speech of a sound; the number is the amplitude below which `energy` finds none."""

_BLOCKS = 50  # a second; a block holds more than one period of the deepest voice
BLOCK = SAMPLE_RATE // _BLOCKS  # samples
_STAY = 0.7  # of the threshold: speech ends below it
_LEAD, _HANG_OVER = 5, 5  # blocks
_CLOSURE = 15  # blocks, the longest
_AT_ONCE = 1024  # blocks


def energy(sound: Sound, threshold: float) -> Speech:
    """Speech is what is loud."""
    if not (math.isfinite(threshold) and threshold >= 0):
        raise ValueError(f"silence threshold {threshold}: need a number from 0 on")
    return spoken(_amplitudes(sound.samples), threshold, threshold * _STAY)


def everything(_sound: Sound, _threshold: float) -> Speech:
    """Speech is all there is, also before and behind the sound."""
    return lambda _fps, frames, _offset: np.ones(frames, np.bool_)


def spoken(levels: Levels, begins: float, stays: float) -> Speech:
    """Speech from levels of its blocks: where it begins, and down to where it goes on."""
    return partial(_in_frames, _stretched(_runs(levels, begins, stays)))


def _in_frames(
    blocks: NDArray[np.bool_], fps: Fraction, frames: int, offset: Fraction
) -> NDArray[np.bool_]:
    if not (fps > 0 and frames > 0):
        raise ValueError(f"speech for {frames} frames at {fps} a second; need more than none")
    until = np.concatenate([[0], np.cumsum(blocks)])
    # a frame's blocks: from the one it begins in to the one the next frame begins in
    edges = (ticks(frames + 1, fps, _BLOCKS, offset) + _LEAD).clip(-1, len(blocks) - 1)
    first, last = edges[:-1].clip(0), edges[1:] + 1
    return np.asarray(until[last] > until[first])


def _amplitudes(samples: Samples) -> NDArray[np.float32]:
    """Of each block, the last one as short as it is."""
    whole = len(samples) // BLOCK * BLOCK
    known = [
        _amplitude(part.reshape(-1, BLOCK)) for part in pieces(samples[:whole], _AT_ONCE * BLOCK)
    ]
    if whole < len(samples):
        known.append(_amplitude(samples[whole:].reshape(1, -1)))
    return np.concatenate(known)


def _amplitude(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of a sine as loud as each row."""
    power = np.einsum("ij,ij->i", rows, rows) / rows.shape[1] - rows.mean(axis=1) ** 2
    return np.asarray(np.sqrt(2 * power.clip(0)), np.float32)


def _runs(levels: Levels, begins: float, stays: float) -> NDArray[np.bool_]:
    """Runs of blocks at the lower level in which one reaches the upper."""
    kept = levels >= stays
    run = np.cumsum(np.diff(kept, prepend=False))
    begun = np.bincount(run, weights=kept & (levels >= begins)) > 0
    return np.asarray(kept & begun[run])


def _stretched(speech: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without gaps, with lead and hang-over, from block -`_LEAD` to a last one never speech."""
    reach = np.ones(_CLOSURE + 2, np.int64)
    reach[-1] = 0
    reached = np.convolve(speech, reach) > 0
    over = _CLOSURE - _LEAD - _HANG_OVER  # that far behind the hang-over, to meet the next speech
    return np.asarray(reached & np.append(reached[over:], np.zeros(over, np.bool_)))
