"""The mel spectrogram that the network was trained on: 80 bands, 80 columns a second."""

import numpy as np
from numpy.typing import NDArray

from audio.spool import Spool, give_back

Mel = NDArray[np.float32]  # (80, columns) in -4..4

BANDS = 80
HOP = 200  # samples between columns, at 16 kHz
SILENT = -4.0  # what digital silence gives

_RATE = 16_000
_WINDOW = 800  # samples under one column
_LOWEST, _HIGHEST = 55.0, 7600.0  # Hz, of the bands
_PRE_EMPHASIS = 0.97
_FLOOR_DB, _REFERENCE_DB, _RANGE_DB = -100.0, 20.0, 100.0
_LIMIT = 4.0

_COLUMNS_AT_ONCE = 512  # some 10 MB, however long the sound

# Slaney's scale: linear up to 1 kHz, 15 mels, then 27 steps to each factor of 6.4
_HZ_PER_MEL = 200 / 3
_KNEE_HZ, _KNEE_MEL = 1000.0, 15.0
_LOG_STEP = np.log(6.4) / 27


def mel_spectrogram(samples: NDArray[np.float32], before: int = 0, after: int = 0) -> Mel:
    """Columns of 16 kHz mono, with `before` and `after` samples of silence put around it."""
    if samples.ndim != 1 or not samples.size:
        raise ValueError(f"mel of samples shaped {samples.shape}; need one dimension, not empty")
    bank, window, length = mel_bank(), _hann(), before + len(samples) + after
    mel, columns = Spool(), 1 + length // HOP
    for first in range(0, columns, _COLUMNS_AT_ONCE):
        places = _places(first, min(columns - first, _COLUMNS_AT_ONCE), length)
        tones = _at(samples, places - before) - _PRE_EMPHASIS * _at(samples, places - before - 1)
        frames = np.lib.stride_tricks.sliding_window_view(tones, _WINDOW)[::HOP]
        mel.add(_scaled(bank @ np.abs(np.fft.rfft(frames * window)).T).T.astype(np.float32))
        give_back(samples)
    return mel.array().reshape(columns, BANDS).T


def mel_bank() -> NDArray[np.float64]:
    """(80, 401): triangles over the bins of the transform, each of area one in Hz."""
    bins = np.linspace(0, _RATE / 2, _WINDOW // 2 + 1)
    edges = _hertz(np.linspace(_mels(_LOWEST), _mels(_HIGHEST), BANDS + 2, dtype=np.float64))
    low, peak, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.minimum((bins - low) / (peak - low), (high - bins) / (high - peak))
    return np.asarray(np.maximum(triangles, 0) * 2 / (high - low), np.float64)


def _mels(hertz: float) -> float:
    """Both ends of the bands; a float, since only they are needed."""
    if hertz < _KNEE_HZ:
        return hertz / _HZ_PER_MEL
    return float(_KNEE_MEL + np.log(hertz / _KNEE_HZ) / _LOG_STEP)


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    bent = _KNEE_HZ * np.exp((mels - _KNEE_MEL) * _LOG_STEP)
    return np.where(mels < _KNEE_MEL, mels * _HZ_PER_MEL, bent)


def _hann() -> NDArray[np.float64]:
    """Periodic, as for a transform: its last value is not zero."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)


def _places(first: int, columns: int, length: int) -> NDArray[np.int64]:
    """The samples under some columns; both ends reflect, again and again for tiny sounds."""
    start = first * HOP - _WINDOW // 2
    places = np.arange(start, start + (columns - 1) * HOP + _WINDOW)
    period = max(2 * (length - 1), 1)
    places %= period
    return np.asarray(np.minimum(places, period - places), np.int64)


def _at(samples: NDArray[np.float32], places: NDArray[np.int64]) -> NDArray[np.float64]:
    """Samples at `places`, silent outside."""
    inside = (places >= 0) & (places < len(samples))
    return np.where(inside, samples[places.clip(0, len(samples) - 1)], 0.0).astype(np.float64)


def _scaled(magnitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """Decibels above the floor, as -4..4."""
    floor = 10 ** (_FLOOR_DB / 20)
    decibels = 20 * np.log10(np.maximum(magnitude, floor)) - _REFERENCE_DB
    scaled = (decibels + _RANGE_DB) * (2 * _LIMIT / _RANGE_DB) - _LIMIT
    return np.asarray(scaled.clip(-_LIMIT, _LIMIT), np.float64)
