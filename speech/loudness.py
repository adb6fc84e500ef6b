"""How loud a sound is (EBU R 128, ITU-R BS.1770-4), and the gain that makes it as loud as wanted.

The meter takes a sound in pieces of any length, so that hours of it take no memory.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from speech.speech import Samples

RATE = 48_000  # samples a second, for which everything here is made
TARGET_LUFS = -16.0
HIGHEST_PEAK = -1.5  # decibels; an encoder adds up to half of one, and -1 is what may be heard
MOST_GAIN = 40.0  # decibels: what is fainter holds nothing but noise
STEP = RATE // 10  # samples from one block of the measurement to the next
STEPS_OF_BLOCK = 4
SILENCE_LUFS, RELATIVE_GATE = -70.0, -10.0
OFFSET = -0.691  # makes 997 Hz at full scale -3.01 LUFS in one channel

# The two stages of the K-weighting at 48 kHz, from the standard's tables: feed forward and back.
STAGES = (
    (
        (1.53512485958697, -2.69169618940638, 1.19839281085285),
        (1.0, -1.69065929318241, 0.73248077421585),
    ),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
)
TAPS = 1 << 14  # of the weighting as a finite response; what follows is below -150 dB
TIMES, TAPS_A_PHASE = 4, 12  # for peaks between the samples
BLOCK = RATE // 1000  # samples for which the limiter has one gain
AHEAD = 5  # blocks in which it comes and goes


class LoudnessMeter:
    """Add the sound piece by piece; then it knows the whole sound's loudness."""

    def __init__(self) -> None:
        self._before: NDArray[np.float64] = np.zeros(TAPS)
        self._rest: NDArray[np.float64] = np.zeros(0)
        self._powers: list[float] = []  # mean square of each step

    def add(self, samples: Samples) -> None:
        for first in range(0, len(samples), TAPS):
            self._add(samples[first : first + TAPS].astype(np.float64))

    def _add(self, samples: NDArray[np.float64]) -> None:
        """At most TAPS samples, filtered in one go."""
        heard = np.concatenate([self._before, samples])
        self._before = heard[-TAPS:]
        spectrum = np.fft.rfft(heard, 2 * TAPS) * _weighting()
        weighted = np.fft.irfft(spectrum, 2 * TAPS)[TAPS : TAPS + len(samples)]
        whole = np.concatenate([self._rest, weighted])
        steps = len(whole) // STEP
        self._powers += np.square(whole[: steps * STEP].reshape(steps, STEP)).mean(axis=1).tolist()
        self._rest = whole[steps * STEP :]

    def lufs(self) -> float:
        """The integrated loudness; minus infinity for silence."""
        blocks = self._block_powers()
        loud = blocks[_lufs_of(blocks) > SILENCE_LUFS]
        if not loud.size:
            return -np.inf
        gate = float(_lufs_of(loud.mean())) + RELATIVE_GATE
        return float(_lufs_of(loud[_lufs_of(loud) > gate].mean()))

    def _block_powers(self) -> NDArray[np.float64]:
        """Of blocks of 0.4 s; of a shorter sound there is one."""
        powers = [*self._powers]
        if len(powers) < STEPS_OF_BLOCK:
            energy = sum(powers) * STEP + float(np.square(self._rest).sum())
            return np.array([energy / (len(powers) * STEP + len(self._rest) or 1)])
        return np.convolve(powers, np.full(STEPS_OF_BLOCK, 1 / STEPS_OF_BLOCK), "valid")


def _lufs_of(power: "NDArray[np.float64] | np.floating") -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.asarray(OFFSET + 10 * np.log10(power))


@lru_cache(maxsize=1)
def _weighting() -> NDArray[np.complex128]:
    """The spectrum, over 2 * TAPS points, of the weighting's first TAPS values."""
    turns = np.exp(-2j * np.pi * np.arange(4 * TAPS + 1) / (8 * TAPS))
    response = np.ones_like(turns)
    for forward, back in STAGES:
        response *= np.polyval(forward[::-1], turns) / np.polyval(back[::-1], turns)
    return np.fft.rfft(np.fft.irfft(response)[:TAPS], 2 * TAPS)


@lru_cache(maxsize=1)
def _phases() -> NDArray[np.float64]:
    """(TIMES - 1, taps): filters for the points between two samples."""
    at = np.arange(TAPS_A_PHASE) - TAPS_A_PHASE / 2 + 1
    shifts = np.arange(1, TIMES)[:, None] / TIMES
    filters = np.sinc(at - shifts) * np.cos(np.pi * (at - shifts) / TAPS_A_PHASE) ** 2
    return np.asarray((filters / filters.sum(axis=1, keepdims=True))[:, ::-1])


def peaks_between(samples: Samples) -> NDArray[np.float64]:
    """Of every sample: the largest amplitude there or on the way to the next, at four points."""
    padded = np.pad(samples.astype(np.float64), (TAPS_A_PHASE // 2 - 1, TAPS_A_PHASE // 2))
    between = [np.abs(np.convolve(padded, phase, "valid")) for phase in _phases()]
    return np.asarray(np.max([np.abs(samples), *between], axis=0))


def gain_to_target(lufs: float) -> float:
    """By which a sound of this loudness is multiplied."""
    decibels = min(TARGET_LUFS - lufs, MOST_GAIN) if np.isfinite(lufs) else 0.0
    return float(10 ** (decibels / 20))


def limited(samples: Samples) -> Samples:
    """The same sound without peaks over HIGHEST_PEAK: around each the gain falls and rises."""
    blocks = -(-len(samples) // BLOCK)
    peaks = np.pad(peaks_between(samples), (0, blocks * BLOCK - len(samples)))
    highest = peaks.reshape(blocks, BLOCK).max(axis=1)
    ceiling = 10 ** (HIGHEST_PEAK / 20)
    if not (highest > ceiling).any():
        return samples
    needed = np.minimum(1, ceiling / np.maximum(highest, ceiling))
    least = sliding(needed, 2 * AHEAD + 1).min(axis=1)
    gains = sliding(least, 2 * AHEAD - 1).mean(axis=1)
    middles = np.arange(blocks) * BLOCK + (BLOCK - 1) / 2
    curve = np.interp(np.arange(len(samples)), middles, gains)
    return np.asarray(samples * curve, np.float32)


def sliding(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """(n, width): every value with those around it."""
    padded = np.pad(values, width // 2, mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, width)
