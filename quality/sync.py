"""Whether the mouth follows the sound: by how much it comes later, and how sure that is.

Where lips follow a voice, they are open when it is loud. The correlation of the two is computed for
lags of up to 15 frames to each side, and its peak is compared with what chance would reach.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from audio.load import Sound
from audio.mel import mel_spectrogram
from audio.windows import COLUMNS_PER_SECOND

Floats = NDArray[np.float64]

MOST_LAG = 15  # frames that the mouth may come earlier or later
SHORTEST = 2  # seconds: about less nothing can be said
SLOWEST, FASTEST = 0.7, 8.0  # Hz: what is slower is the head's motion, what is faster is noise
STILL = 1e-9  # standard deviation: a curve with less does not move
VOWEL_BANDS = slice(3, 50)  # of the mel: 0.1 to 3 kHz
EXPONENT = 0.75  # of the amplitude: best of those tried, between loudness as heard and energy
SMOOTHING = 3  # columns of the mel, 37 ms
# The best correlation (as Fisher's z) in units of its spread by chance
CHANCE, CERTAIN = 3.0, 5.0


@dataclass(frozen=True)
class Sync:
    """How mouth and sound lie in time."""

    lag_ms: float | None  # + : the mouth comes later; none where nothing moves
    strength: float  # correlation at the best lag
    confidence: float  # 0..1
    curve: tuple[tuple[float, float], ...]  # lag in ms, correlation

    def __post_init__(self) -> None:
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"a confidence lies between 0 and 1, not at {self.confidence}")


NO_SYNC = Sync(None, 0.0, 0.0, ())


def frame_loudness(
    sound: Sound, fps: Fraction, frames: int, delay: Fraction = Fraction(0)
) -> Floats:
    """How loud the voice is at each frame's time, if the sound begins `delay` seconds late."""
    mel = mel_spectrogram(sound.samples)[VOWEL_BANDS].astype(np.float64)
    loudness = (10 ** (mel * 0.625)).mean(axis=0) ** EXPONENT  # a mel's eight units are 100 dB
    padded = np.pad(loudness, SMOOTHING // 2, "edge")
    smooth = np.convolve(padded, np.full(SMOOTHING, 1 / SMOOTHING), "valid")
    columns = (np.arange(frames) / float(fps) - float(delay)) * COLUMNS_PER_SECOND
    return np.asarray(np.interp(columns, np.arange(len(smooth)), smooth, 0.0, 0.0), np.float64)


def measure_sync(openings: Floats, loudness: Floats, fps: Fraction) -> Sync:
    """The lag of the mouth behind the sound, both at frame times; NaN is a frame without a face."""
    frames = min(len(openings), len(loudness))
    if frames < SHORTEST * fps or np.isnan(openings[:frames]).mean() > 0.5:
        return NO_SYNC
    mouth, voice = (bandpass(fill_gaps(x[:frames]), fps) for x in (openings, loudness))
    if min(mouth.std(), voice.std()) < STILL:
        return NO_SYNC
    most_lag = min(MOST_LAG, frames // 4)
    curve = lag_correlations(mouth, voice, most_lag)
    peak, strength = find_peak(curve)
    frame_ms = 1000 / float(fps)
    lags = ((k - most_lag) * frame_ms for k in range(len(curve)))
    points = tuple(zip(lags, curve.tolist(), strict=True))
    return Sync((peak - most_lag) * frame_ms, strength, _confidence(curve, mouth, voice), points)


def fill_gaps(values: Floats) -> Floats:
    """The values with each NaN replaced by a line between its known neighbours."""
    known = np.flatnonzero(~np.isnan(values))
    return np.asarray(np.interp(np.arange(len(values)), known, values[known]), np.float64)


def bandpass(values: Floats, fps: Fraction) -> Floats:
    """The part of a curve that changes as fast as speech does."""
    slow = gaussian_blur(values, 0.18 * float(fps) / SLOWEST)
    return gaussian_blur(values - slow, 0.13 * float(fps) / FASTEST)


def gaussian_blur(values: Floats, sigma: float) -> Floats:
    """The curve blurred by a Gaussian; at its ends the mean is over the values that there are."""
    reach = int(3 * sigma) + 1
    weights = np.exp(-np.square(np.arange(-reach, reach + 1) / sigma) / 2)
    inside = slice(reach, reach + len(values))
    total, weight = (np.convolve(x, weights)[inside] for x in (values, np.ones(len(values))))
    return np.asarray(total / weight, np.float64)


def lag_correlations(mouth: Floats, voice: Floats, most_lag: int) -> Floats:
    """The correlation if the mouth is -most_lag to most_lag frames late."""
    count = len(mouth)
    return np.array(
        [
            _correlation(
                mouth[max(lag, 0) : count + min(lag, 0)], voice[max(-lag, 0) : count - max(lag, 0)]
            )
            for lag in range(-most_lag, most_lag + 1)
        ]
    )


def find_peak(curve: Floats) -> tuple[float, float]:
    """The place of the highest point, between the steps, and the value at the nearest step."""
    k = int(curve.argmax())
    if not 0 < k < len(curve) - 1:
        return float(k), float(curve[k])
    before, here, after = curve[k - 1 : k + 2].tolist()
    bend = before - 2 * here + after
    return k + ((before - after) / (2 * bend) if bend else 0.0), here


def _correlation(first: Floats, second: Floats) -> float:
    a, b = first - first.mean(), second - second.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size else 0.0


def independent_frames(mouth: Floats, voice: Floats) -> float:
    """How many frames without any relation to each other would tell as much (Bartlett).

    Slow curves agree by chance more often than quick ones: their neighbouring frames repeat.
    """
    count = len(mouth)
    weights = 1 - np.arange(1, count) / count
    repeated = weights @ (autocorrelation(mouth) * autocorrelation(voice))
    return count / max(1 + 2 * float(repeated), 1.0)


def autocorrelation(values: Floats) -> Floats:
    """The correlation of a curve with itself at every lag from 1 on, by way of its spectrum.

    An hour has 90,000 frames: the direct sums would be eight thousand million products.
    """
    centred = values - values.mean()
    length = 1 << (2 * len(values) - 1).bit_length()  # padded, so that no lag meets the other end
    power = np.square(np.abs(np.fft.rfft(centred, length)))
    sums = np.fft.irfft(power, length)[1 : len(values)]
    return np.asarray(sums / float(centred @ centred), np.float64)


def _confidence(curve: Floats, mouth: Floats, voice: Floats) -> float:
    """0 for a peak that chance reaches, up to 1; 0 also for a curve that rises at its end."""
    k = int(curve.argmax())
    if not 0 < k < len(curve) - 1:
        return 0.0
    frames = max(independent_frames(mouth, voice) - 3, 0)
    above = np.arctanh(min(float(curve[k]), 0.999)) * np.sqrt(frames)
    return float(np.clip((above - CHANCE) / (CERTAIN - CHANCE), 0, 1))
