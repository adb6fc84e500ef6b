"""The cepstra that SyncNet was trained on: 13 numbers for every hundredth of a second."""

import numpy as np
from numpy.typing import NDArray

from audio.load import SAMPLE_RATE, Samples

Floats = NDArray[np.float64]

CEPSTRA = 13
COLUMNS = 100  # a second
_WINDOW, _HOP, _FFT = 400, 160, 512  # samples: 25 ms, 10 ms, and the length of the transform
_FILTERS = 26
_PRE_EMPHASIS = 0.97
_LIFTER = 22
_FULL_SCALE = 32768.0  # the network was trained on 16-bit numbers
_LEAST = np.finfo(np.float64).eps


def mfcc(samples: Samples) -> Floats:
    """(columns, 13) of 16 kHz mono; the first number is the column's energy."""
    if samples.ndim != 1 or not samples.size:
        raise ValueError(f"cepstra of samples shaped {samples.shape}; need one dimension")
    power = _power(samples.astype(np.float64) * _FULL_SCALE)
    bands = np.log(np.maximum(power @ mel_filters().T, _LEAST))
    cepstra = bands @ cosine_rows().T * _lifter()
    cepstra[:, 0] = np.log(np.maximum(power.sum(axis=1), _LEAST))
    return np.asarray(cepstra, np.float64)


def mel_filters() -> Floats:
    """(26, 257): triangles of height one whose corners lie on whole bins."""
    highest = 2595 * np.log10(1 + SAMPLE_RATE / 2 / 700)
    corners = 700 * (10 ** (np.linspace(0, highest, _FILTERS + 2) / 2595) - 1)
    corners = np.floor((_FFT + 1) * corners / SAMPLE_RATE)
    low, peak, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    bins = np.arange(_FFT // 2 + 1)
    rising, falling = (bins - low) / (peak - low), (high - bins) / (high - peak)
    return np.asarray(np.clip(np.minimum(rising, falling), 0, None), np.float64)


def cosine_rows() -> Floats:
    """(13, 26): the first rows of the orthonormal cosine transform."""
    order, band = np.arange(CEPSTRA)[:, None], np.arange(_FILTERS)[None, :]
    rows = np.cos(np.pi * order * (2 * band + 1) / (2 * _FILTERS)) * np.sqrt(2 / _FILTERS)
    rows[0] /= np.sqrt(2)
    return np.asarray(rows, np.float64)


def _power(samples: Floats) -> Floats:
    """(columns, 257): the power spectrum of each 25 ms, the last padded with silence."""
    emphasized = np.append(samples[0], samples[1:] - _PRE_EMPHASIS * samples[:-1])
    columns = 1 + max(0, -(-(len(emphasized) - _WINDOW) // _HOP))
    padded = np.zeros((columns - 1) * _HOP + _WINDOW)
    padded[: len(emphasized)] = emphasized
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    return np.asarray(np.square(np.abs(np.fft.rfft(windows, _FFT))) / _FFT, np.float64)


def _lifter() -> Floats:
    """(13,): the gain of each cepstrum."""
    return np.asarray(1 + _LIFTER / 2 * np.sin(np.pi * np.arange(CEPSTRA) / _LIFTER), np.float64)
