"""Whether the mouth follows the sound: by how much it comes later, and how sure that is.

Where lips follow a voice, they are open when it is loud. The correlation of the two is computed for
lags of up to half a second; what it reaches is held against what it would reach by chance.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from audio.load import Sound
from audio.mel import mel_spectrogram
from audio.windows import COLUMNS

Floats = NDArray[np.float64]

REACH = 15  # frames that the mouth may come earlier or later, at most
SHORTEST = 2  # seconds of which something can be said
SLOWEST, FASTEST = 0.7, 8.0  # Hz: slower is the head's, faster is noise
STILL = 1e-9
BANDS = slice(3, 50)  # of the mel: 0.1 to 3 kHz, where vowels are
EXPONENT = 0.75  # of the amplitude: best of those tried, between loudness as heard and energy
SMOOTHED = 3  # columns of the mel, 37 ms
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


NOTHING = Sync(None, 0.0, 0.0, ())


def loudness_of(sound: Sound, fps: Fraction, frames: int, later: Fraction = Fraction(0)) -> Floats:
    """How loud the voice is at each frame's time; the sound begins `later` seconds than them."""
    mel = mel_spectrogram(sound.samples)[BANDS].astype(np.float64)
    loud = (10 ** (mel * 0.625)).mean(axis=0) ** EXPONENT  # a mel's eight units are 100 dB
    even = np.convolve(
        np.pad(loud, SMOOTHED // 2, "edge"), np.full(SMOOTHED, 1 / SMOOTHED), "valid"
    )
    times = (np.arange(frames) / float(fps) - float(later)) * COLUMNS
    return np.asarray(np.interp(times, np.arange(len(even)), even, 0.0, 0.0), np.float64)


def sync_of(openings: Floats, loudness: Floats, fps: Fraction) -> Sync:
    """The lag of the mouth behind the sound, both at frame times; NaN is a frame without a face."""
    frames = min(len(openings), len(loudness))
    if frames < SHORTEST * fps or np.isnan(openings[:frames]).mean() > 0.5:
        return NOTHING
    mouth, voice = (lively(filled(x[:frames]), fps) for x in (openings, loudness))
    if min(mouth.std(), voice.std()) < STILL:
        return NOTHING
    reach = min(REACH, frames // 4)
    curve = correlations(mouth, voice, reach)
    best, strength = peak_of(curve)
    frame = 1000 / float(fps)
    lags = ((k - reach) * frame for k in range(len(curve)))
    points = tuple(zip(lags, curve.tolist(), strict=True))
    return Sync((best - reach) * frame, strength, _confidence(curve, mouth, voice), points)


def filled(values: Floats) -> Floats:
    """Evenly from one known value to the next, where there is none."""
    known = np.flatnonzero(~np.isnan(values))
    return np.asarray(np.interp(np.arange(len(values)), known, values[known]), np.float64)


def lively(values: Floats, fps: Fraction) -> Floats:
    """What changes as speech does."""
    slow = blurred(values, 0.18 * float(fps) / SLOWEST)
    return blurred(values - slow, 0.13 * float(fps) / FASTEST)


def blurred(values: Floats, spread: float) -> Floats:
    """Weighted by a Gaussian; at the ends over what there is."""
    reach = int(3 * spread) + 1
    weights = np.exp(-np.square(np.arange(-reach, reach + 1) / spread) / 2)
    inside = slice(reach, reach + len(values))
    total, share = (np.convolve(x, weights)[inside] for x in (values, np.ones(len(values))))
    return np.asarray(total / share, np.float64)


def correlations(mouth: Floats, voice: Floats, reach: int) -> Floats:
    """For a mouth `-reach`..`reach` frames late."""
    count = len(mouth)
    return np.array(
        [
            _correlation(
                mouth[max(lag, 0) : count + min(lag, 0)], voice[max(-lag, 0) : count - max(lag, 0)]
            )
            for lag in range(-reach, reach + 1)
        ]
    )


def peak_of(curve: Floats) -> tuple[float, float]:
    """Where the curve is highest, between its points, and its value at the nearest."""
    k = int(curve.argmax())
    if not 0 < k < len(curve) - 1:
        return float(k), float(curve[k])
    before, here, after = curve[k - 1 : k + 2].tolist()
    bend = before - 2 * here + after
    return k + ((before - after) / (2 * bend) if bend else 0.0), here


def _correlation(one: Floats, other: Floats) -> float:
    a, b = one - one.mean(), other - other.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size else 0.0


def independent(mouth: Floats, voice: Floats) -> float:
    """How many frames that have nothing to do with one another would be worth as much.

    Bartlett's: slow curves agree by chance more often than quick ones.
    """
    count = len(mouth)
    share = 1 - np.arange(1, count) / count
    repeated = share @ (_own(mouth) * _own(voice))
    return count / max(1 + 2 * float(repeated), 1.0)


def _own(values: Floats) -> Floats:
    """Correlation with itself at every lag from 1 on."""
    centred = values - values.mean()
    return np.correlate(centred, centred, "full")[len(values) :] / float(centred @ centred)


def _confidence(curve: Floats, mouth: Floats, voice: Floats) -> float:
    """0 for what chance does, and for a curve that still rises at its end."""
    k = int(curve.argmax())
    if not 0 < k < len(curve) - 1:
        return 0.0
    above = np.arctanh(min(float(curve[k]), 0.999)) * np.sqrt(max(independent(mouth, voice) - 3, 0))
    return float(np.clip((above - CHANCE) / (CERTAIN - CHANCE), 0, 1))
