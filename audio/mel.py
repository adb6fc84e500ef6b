"""The mel spectrogram that the network was trained on: 80 bands, 80 columns a second."""

import numpy as np
from numpy.typing import NDArray

from audio.spool import Spool, release_pages

Mel = NDArray[np.float32]  # (80, columns) in -4..4

BANDS = 80
HOP = 200  # samples between columns, at 16 kHz
SILENCE_LEVEL = -4.0  # every band of digital silence

_RATE = 16_000
_FFT_SIZE = 800  # samples under one column
_LOWEST, _HIGHEST = 55.0, 7600.0  # Hz, of the bands
_PRE_EMPHASIS = 0.97
_FLOOR_DB, _REFERENCE_DB, _RANGE_DB = -100.0, 20.0, 100.0
_LIMIT = 4.0

_COLUMNS_AT_ONCE = 512  # some 10 MB, however long the sound

# Slaney's scale: linear up to 1 kHz, 15 mels, then 27 steps to each factor of 6.4
_HZ_PER_MEL = 200 / 3
_KNEE_HZ, _KNEE_MEL = 1000.0, 15.0
_LOG_STEP = np.log(6.4) / 27


def mel_spectrogram(
    samples: NDArray[np.float32], before: int = 0, after: int = 0, reflects: bool = True
) -> Mel:
    """The columns of 16 kHz mono, preceded and followed by so many samples of silence.

    Beyond both ends the sound `reflects`, else there is nothing.
    """
    if samples.ndim != 1 or not samples.size:
        raise ValueError(f"mel of samples shaped {samples.shape}; need one dimension, not empty")
    filters, window, length = mel_filter_bank(), _hann_window(), before + len(samples) + after
    indices_under = _reflected_indices if reflects else _indices_or_silence
    mel, columns = Spool(), 1 + length // HOP
    for first in range(0, columns, _COLUMNS_AT_ONCE):
        indices = indices_under(first, min(columns - first, _COLUMNS_AT_ONCE), length) - before
        mel.add(_mel_columns(samples, indices, filters, window))
        release_pages(samples)
    return mel.array().reshape(columns, BANDS).T


def _mel_columns(
    samples: NDArray[np.float32],
    indices: NDArray[np.int64],
    filters: NDArray[np.float64],
    window: NDArray[np.float64],
) -> NDArray[np.float32]:
    """(columns, 80): the columns over the samples at these indices."""
    emphasized = _samples_at(samples, indices) - _PRE_EMPHASIS * _samples_at(samples, indices - 1)
    frames = np.lib.stride_tricks.sliding_window_view(emphasized, _FFT_SIZE)[::HOP]
    magnitudes = filters @ np.abs(np.fft.rfft(frames * window)).T
    return _normalized_decibels(magnitudes).T.astype(np.float32)


def mel_filter_bank() -> NDArray[np.float64]:
    """(80, 401): a triangle over the bins of the FFT for each band, of area one in Hz."""
    bins = np.linspace(0, _RATE / 2, _FFT_SIZE // 2 + 1)
    mels = np.linspace(_hz_to_mel(_LOWEST), _hz_to_mel(_HIGHEST), BANDS + 2, dtype=np.float64)
    edges = _mel_to_hz(mels)
    low, peak, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.minimum((bins - low) / (peak - low), (high - bins) / (high - peak))
    return np.asarray(np.maximum(triangles, 0) * 2 / (high - low), np.float64)


def _hz_to_mel(hertz: float) -> float:
    if hertz < _KNEE_HZ:
        return hertz / _HZ_PER_MEL
    return float(_KNEE_MEL + np.log(hertz / _KNEE_HZ) / _LOG_STEP)


def _mel_to_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    above_knee = _KNEE_HZ * np.exp((mels - _KNEE_MEL) * _LOG_STEP)
    return np.where(mels < _KNEE_MEL, mels * _HZ_PER_MEL, above_knee)


def _hann_window() -> NDArray[np.float64]:
    """Periodic, as for an FFT: its last value is not zero."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FFT_SIZE) / _FFT_SIZE)


def _reflected_indices(first: int, columns: int, length: int) -> NDArray[np.int64]:
    """The indices of the samples under some columns, reflected at both ends of the sound.

    In a sound shorter than a column they are reflected several times.
    """
    period = max(2 * (length - 1), 1)
    indices = _indices(first, columns) % period
    return np.asarray(np.minimum(indices, period - indices), np.int64)


def _indices_or_silence(first: int, columns: int, length: int) -> NDArray[np.int64]:
    """The indices of the samples under some columns; beyond the ends, that of a silent sample."""
    indices = _indices(first, columns)
    silent = length + 1  # so is the one before it, which its pre-emphasis takes
    return np.where((indices >= 0) & (indices < length), indices, silent)


def _indices(first: int, columns: int) -> NDArray[np.int64]:
    start = first * HOP - _FFT_SIZE // 2
    return np.arange(start, start + (columns - 1) * HOP + _FFT_SIZE, dtype=np.int64)


def _samples_at(samples: NDArray[np.float32], indices: NDArray[np.int64]) -> NDArray[np.float64]:
    """The samples at these indices, 0 outside."""
    inside = (indices >= 0) & (indices < len(samples))
    return np.where(inside, samples[indices.clip(0, len(samples) - 1)], 0.0).astype(np.float64)


def _normalized_decibels(magnitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """Decibels above the floor, scaled to -4..4."""
    floor = 10 ** (_FLOOR_DB / 20)
    decibels = 20 * np.log10(np.maximum(magnitude, floor)) - _REFERENCE_DB
    scaled = (decibels + _RANGE_DB) * (2 * _LIMIT / _RANGE_DB) - _LIMIT
    return np.asarray(scaled.clip(-_LIMIT, _LIMIT), np.float64)
