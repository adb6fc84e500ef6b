"""When the sounds of known words are spoken in a sound: the best path through their states.

Each sound of speech is three states, each a Gaussian of the spectrum and of how it changes, as
`maintenance/make_aligner.py` learned them from voices that tell their times. Between words there
may be silence.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from base.phonemes import Phoneme, ipa_letters
from speech.sound import resampled
from speech.speech import Samples, Speech, Word

Matrix = NDArray[np.float32]

MODEL = Path(__file__).parent / "data" / "aligner.npz"
RATE, HOP, FRAME, FFT = 16_000, 80, 400, 512  # samples
BANDS, COEFFICIENTS = 26, 13
LOWEST, HIGHEST = 80.0, 7600.0  # hertz
NEAR = 4  # frames on both sides of which the change is taken
STATES = 3  # of a sound of speech
SILENCE, ANYTHING = "#", "?"
# Sounds that are too rare to be learned are those most like them.
LIKE = {
    **{"ɐ": "ʌ", "ɚ": "ɝ", "ɜ": "ɝ", "ᵻ": "ɪ", "ɒ": "ɑ", "ʏ": "y", "β": "b", "ɣ": "ɡ", "ʝ": "j"},
    **{"ɨ": "ɪ", "ʉ": "u", "ɘ": "ə", "ɵ": "ə", "ɤ": "ʌ", "ɯ": "ʊ", "ʀ": "ʁ", "χ": "x", "ɫ": "l"},
    **{"ɻ": "ɹ", "ɽ": "ɾ", "ɕ": "ʃ", "ʑ": "ʒ", "ʂ": "ʃ", "ʐ": "ʒ", "ʍ": "w", "ɥ": "j", "ʋ": "v"},
    **{"ɸ": "f", "ɦ": "h", "g": "ɡ", "q": "k", "c": "k", "ɟ": "ɡ", "ɱ": "m", "ɴ": "ŋ", "ɳ": "n"},
}


@dataclass(frozen=True, eq=False)
class AcousticModel:
    """Means and precisions, (units, STATES, features)."""

    units: tuple[str, ...]
    means: Matrix
    precisions: Matrix  # one over the variance

    def __post_init__(self) -> None:
        shape = (len(self.units), STATES, 2 * COEFFICIENTS)
        if self.means.shape != shape or self.precisions.shape != shape:
            raise ValueError(f"not an acoustic model: {self.means.shape}, {self.precisions.shape}")

    def number(self, letter: str) -> int:
        """Of the unit for a letter of the IPA; that of anything where there is none."""
        name = LIKE.get(letter, letter)
        return self.units.index(name if name in self.units else ANYTHING)

    def fit(self, features: Matrix) -> Matrix:
        """(frames, units * STATES): how well each state explains each frame, as logarithms."""
        means, precisions = (a.reshape(-1, a.shape[-1]) for a in (self.means, self.precisions))
        constant = (np.log(precisions) - means**2 * precisions).sum(axis=1)
        cross = 2 * features @ (means * precisions).T - features**2 @ precisions.T
        return np.asarray((cross + constant) / 2, np.float32)


@lru_cache(maxsize=1)
def load_model() -> AcousticModel:
    with np.load(MODEL) as file:
        means, precisions = (file[name].astype(np.float32) for name in ("means", "precisions"))
        return AcousticModel(tuple(str(file["units"])), means, precisions)


@dataclass(frozen=True)
class Units:
    """The states of a sentence in their order, silences between its words among them."""

    states: NDArray[np.int64]  # the model's
    sounds: NDArray[np.int64]  # of each state: the number of its sound, -1 for silence
    skippable: NDArray[np.bool_]  # whether the state is a silence that may be missing


def units_of(model: AcousticModel, words: Sequence[Sequence[str]]) -> Units:
    """For the symbols of each word; a symbol of several letters is several units of one sound."""
    silence = STATES * model.number(SILENCE) + 1
    states, sounds = [silence], [-1]
    number = 0
    for symbols in words:
        for symbol in symbols:
            for letter in letters_of(symbol):
                first = STATES * model.number(letter)
                states += range(first, first + STATES)
                sounds += [number] * STATES
            number += 1
        states.append(silence)
        sounds.append(-1)
    columns = np.array(states), np.array(sounds)
    return Units(*columns, columns[1] < 0)


def letters_of(symbol: str) -> tuple[str, ...]:
    return (symbol,) if symbol == ANYTHING else ipa_letters(symbol)


def best_path(fit: Matrix, skippable: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The state at each frame, where every state but the skippable ones has a frame or more.

    `fit` is (frames, states). ValueError where there are too few frames.
    """
    frames, states = fit.shape
    may_skip = np.zeros(states, np.bool_)
    may_skip[2:] = skippable[1:-1]
    steps = np.zeros((frames, states), np.int8)
    best = np.full(states, -np.inf, np.float32)
    best[:2] = fit[0, :2]
    candidates = np.full((3, states), -np.inf, np.float32)
    for frame in range(1, frames):
        candidates[0] = best
        candidates[1, 1:] = best[:-1]
        candidates[2, 2:] = np.where(may_skip[2:], best[:-2], -np.inf)
        steps[frame] = candidates.argmax(axis=0)
        best = candidates.max(axis=0) + fit[frame]
    last = states - 1 if best[-1] >= best[-2] else states - 2
    if not np.isfinite(best[last]):
        raise ValueError("fewer frames than states")
    return _traced(steps, last)


def _traced(steps: NDArray[np.int8], state: int) -> NDArray[np.int64]:
    path = np.zeros(len(steps), np.int64)
    for frame in range(len(steps) - 1, -1, -1):
        path[frame] = state
        state -= int(steps[frame, state])
    return path


def align(speech: Speech, words: Sequence[str], symbols: Sequence[Sequence[str]]) -> Speech:
    """The speech with the times of its words, whose sounds are known.

    Where it is too short for them, each gets its share of the time.
    """
    model = load_model()
    units = units_of(model, symbols)
    try:
        fit = model.fit(features(resampled(speech, RATE).samples))[:, units.states]
        spans = _spans(best_path(fit, units.skippable), units.sounds, float(speech.duration))
    except ValueError:
        spans = _even_spans(sum(map(len, symbols)), float(speech.duration))
    return _with_times(speech, words, symbols, spans)


def _spans(
    path: NDArray[np.int64], sounds: NDArray[np.int64], seconds: float
) -> list[tuple[float, float]]:
    """From when to when each sound lasts."""
    numbers = sounds[path]
    count = int(sounds.max()) + 1
    first = [int(np.argmax(numbers == number)) for number in range(count)]
    last = [len(numbers) - int(np.argmax(numbers[::-1] == number)) for number in range(count)]
    step = HOP / RATE
    return [
        (min(a * step, seconds), min(b * step, seconds)) for a, b in zip(first, last, strict=True)
    ]


def _even_spans(count: int, seconds: float) -> list[tuple[float, float]]:
    edges = np.linspace(0, seconds, count + 1).tolist()
    return [*pairwise(edges)]


def _with_times(
    speech: Speech,
    words: Sequence[str],
    symbols: Sequence[Sequence[str]],
    spans: Sequence[tuple[float, float]],
) -> Speech:
    spoken, phonemes, at = [], [], 0
    for word, own in zip(words, symbols, strict=True):
        times = spans[at : at + len(own)]
        spoken.append(Word(word, times[0][0], times[-1][1]))
        phonemes += [Phoneme(symbol, *time) for symbol, time in zip(own, times, strict=True)]
        at += len(own)
    return Speech(speech.samples, speech.rate, tuple(spoken), tuple(phonemes))


def features(samples: Samples) -> Matrix:
    """(frames, features): every 5 ms the cepstrum without its mean, loudness, and their change."""
    padded = np.pad(samples, (FRAME // 2, FRAME // 2 + HOP))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]
    power = np.abs(np.fft.rfft(frames * _window(), FFT)).astype(np.float32) ** 2
    levels = np.log(power @ _bands() + 1e-7)
    cepstrum = levels @ _cosines()
    loud = cepstrum[:, 0] > np.percentile(cepstrum[:, 0], 50)
    cepstrum -= cepstrum[loud].mean(axis=0) if loud.any() else 0
    padded = np.pad(cepstrum, ((NEAR, NEAR), (0, 0)), mode="edge")
    change = padded[2 * NEAR :] - padded[: -2 * NEAR]
    return np.asarray(np.concatenate([cepstrum, change], axis=1), np.float32)


@lru_cache(maxsize=1)
def _window() -> Matrix:
    return np.hanning(FRAME).astype(np.float32)


@lru_cache(maxsize=1)
def _bands() -> Matrix:
    """(FFT / 2 + 1, BANDS): triangles, even on the mel scale."""
    edges = np.linspace(_mel(LOWEST), _mel(HIGHEST), BANDS + 2)
    hertz = 700 * (10 ** (edges / 2595) - 1)
    at = np.arange(FFT // 2 + 1)[:, None] * RATE / FFT
    rise = (at - hertz[:-2]) / (hertz[1:-1] - hertz[:-2])
    fall = (hertz[2:] - at) / (hertz[2:] - hertz[1:-1])
    return np.asarray(np.minimum(rise, fall).clip(0), np.float32)


def _mel(hertz: float) -> float:
    return 2595 * math.log10(1 + hertz / 700)


@lru_cache(maxsize=1)
def _cosines() -> Matrix:
    """(BANDS, COEFFICIENTS)"""
    band = np.arange(BANDS)[:, None] + 0.5
    cosines = np.cos(np.pi / BANDS * band * np.arange(COEFFICIENTS)) * (2 / BANDS) ** 0.5
    return np.asarray(cosines, np.float32)
