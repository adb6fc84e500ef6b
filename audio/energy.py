"""Speech found by loudness, and the hysteresis that turns levels into speech, in blocks of 20 ms.

The level of a block is the amplitude of a sine of the same power, 1 being full scale; a constant
offset counts for nothing. A block at the threshold or above begins speech, which goes on while
blocks keep 0.7 of it. Gaps of up to 0.3 s are speech, too: they are the closures of p, b and m.
Speech is extended by 0.1 s at both ends: lips part before they are heard, and close after.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import partial

import numpy as np
from numpy.typing import NDArray

from audio.clock import frame_ticks
from audio.load import SAMPLE_RATE, Samples, Sound
from audio.spool import chunks

Levels = NDArray[np.float32]  # one for each block
SpeechTimes = Callable[[Fraction, int, Fraction], NDArray[np.bool_]]
"""(fps, frames, offset) -> whether each frame holds speech, which is `offset` seconds late."""
Vad = Callable[[Sound, float], SpeechTimes]
"""Finds the speech of a sound; the number is the amplitude below which `energy_vad` finds none."""

_BLOCKS_PER_SECOND = 50  # a block is longer than a period of the deepest voice
BLOCK_SAMPLES = SAMPLE_RATE // _BLOCKS_PER_SECOND
_STAY = 0.7  # of the threshold: speech ends below it
_LEAD, _HANGOVER = 5, 5  # blocks that speech is extended by at its start and at its end
_MAX_GAP = 15  # blocks without speech that count as speech
_BLOCKS_AT_ONCE = 1024


def energy_vad(sound: Sound, threshold: float) -> SpeechTimes:
    """Speech is whatever is loud."""
    if not (math.isfinite(threshold) and threshold >= 0):
        raise ValueError(f"silence threshold {threshold}: need a number from 0 on")
    return speech_from_levels(_amplitudes(sound.samples), threshold, threshold * _STAY)


def all_speech_vad(_sound: Sound, _threshold: float) -> SpeechTimes:
    """Everything is speech, also before and after the sound."""
    return lambda _fps, frames, _offset: np.ones(frames, np.bool_)


def speech_from_levels(levels: Levels, start_level: float, stay_level: float) -> SpeechTimes:
    """Speech by hysteresis: it starts at one level and goes on down to the other."""
    return partial(_speech_in_frames, _extend(_hysteresis(levels, start_level, stay_level)))


def _speech_in_frames(
    blocks: NDArray[np.bool_], fps: Fraction, frames: int, offset: Fraction
) -> NDArray[np.bool_]:
    """SpeechTimes of the blocks that `_extend` returns."""
    if not (fps > 0 and frames > 0):
        raise ValueError(f"speech for {frames} frames at {fps} a second; need more than none")
    count_before = np.concatenate([[0], np.cumsum(blocks)])
    # a frame's blocks: from the one that it begins in to the one that the next frame begins in
    edges = frame_ticks(frames + 1, fps, _BLOCKS_PER_SECOND, offset) + _LEAD
    edges = edges.clip(-1, len(blocks) - 1)
    first, stop = edges[:-1].clip(0), edges[1:] + 1
    return np.asarray(count_before[stop] > count_before[first])


def _amplitudes(samples: Samples) -> Levels:
    """The level of each block; the last block may be shorter."""
    whole = len(samples) // BLOCK_SAMPLES * BLOCK_SAMPLES
    levels = [
        _amplitude(part.reshape(-1, BLOCK_SAMPLES))
        for part in chunks(samples[:whole], _BLOCKS_AT_ONCE * BLOCK_SAMPLES)
    ]
    if whole < len(samples):
        levels.append(_amplitude(samples[whole:].reshape(1, -1)))
    return np.concatenate(levels)


def _amplitude(rows: NDArray[np.float32]) -> Levels:
    """For each row the amplitude of a sine that is as loud."""
    power = np.einsum("ij,ij->i", rows, rows) / rows.shape[1] - rows.mean(axis=1) ** 2
    return np.asarray(np.sqrt(2 * power.clip(0)), np.float32)


def _hysteresis(levels: Levels, start_level: float, stay_level: float) -> NDArray[np.bool_]:
    """The runs of blocks at the lower level that have a block at the upper one."""
    stays = levels >= stay_level
    run = np.cumsum(np.diff(stays, prepend=False))
    starts = np.bincount(run, weights=stays & (levels >= start_level)) > 0
    return np.asarray(stays & starts[run])


def _extend(speech: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Speech with lead and hangover and without short gaps.

    The first block is number -`_LEAD` of the sound, and the last is never speech.
    """
    # Speech is where there is some from 10 blocks before to 5 after, and from 5 before to 10 after.
    reach = np.ones(_MAX_GAP + 2, np.int64)
    reach[-1] = 0
    dilated = np.convolve(speech, reach) > 0
    excess = _MAX_GAP - _LEAD - _HANGOVER
    return np.asarray(dilated & np.append(dilated[excess:], np.zeros(excess, np.bool_)))
