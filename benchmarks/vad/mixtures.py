"""Speech with pauses, mixed with noises of five kinds; always the same."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from audio.energy import BLOCK_SAMPLES, energy_vad
from audio.load import SAMPLE_RATE, Samples, Sound

PHRASE, PAUSE = 2.5, 1.5  # seconds
SEARCH = 0.5  # seconds to each side of a phrase's end: its quietest moment is the cut
RANGE = 26.0  # dB below loud speech: there the clean sound counts as silent
FPS = Fraction(25)

Truth = NDArray[np.bool_]  # (frames,)
Wave = NDArray[np.float64]  # (samples,) of any loudness
Random = np.random.Generator


@dataclass(frozen=True, eq=False)
class Speech:
    """A clean sound, and the frames in which somebody speaks."""

    sound: Sound
    truth: Truth

    @property
    def samples(self) -> NDArray[np.bool_]:
        """Whether each of its samples is speech."""
        return np.resize(np.repeat(self.truth, int(SAMPLE_RATE / FPS)), len(self.sound.samples))


def prepare_speech(sound: Sound) -> Speech:
    """The sound's phrases with pauses between; a frame is speech where the clean sound is loud."""
    clean = Sound(insert_pauses(sound.samples))
    frames = int(clean.duration * FPS)
    clean = clean.with_length(int(frames * SAMPLE_RATE / FPS))
    return Speech(
        clean, energy_vad(clean, silence_threshold(sound.samples))(FPS, frames, Fraction(0))
    )


def silence_threshold(samples: Samples) -> float:
    """The amplitude below which this recording is silent, whatever its level."""
    blocks = np.resize(samples, (-(-len(samples) // BLOCK_SAMPLES), BLOCK_SAMPLES))
    loudness = np.percentile(np.sqrt(2 * np.mean(np.square(blocks), axis=1)), 95)
    return float(loudness) / 10 ** (RANGE / 20)


def insert_pauses(samples: Samples) -> Samples:
    """The sound cut at its quietest about every 2.5 s, with silence between and at both ends."""
    pause = np.zeros(round(PAUSE * SAMPLE_RATE), np.float32)
    length = round(PHRASE * SAMPLE_RATE)
    cuts = [
        quietest_sample(samples, at) for at in range(length, len(samples) - length // 2, length)
    ]
    parts = np.split(samples, cuts)
    return np.concatenate([pause, *(piece for part in parts for piece in (part, pause))])


def quietest_sample(samples: Samples, at: int) -> int:
    """The middle of the quietest 40 ms near a sample."""
    start = max(at - round(SEARCH * SAMPLE_RATE), 0)
    near = np.square(samples[start : at + round(SEARCH * SAMPLE_RATE)])
    width = SAMPLE_RATE // 25
    return start + int(np.argmin(np.convolve(near, np.ones(width), "valid"))) + width // 2


def mix_noise(speech: Speech, kind: str, decibels: float) -> Sound:
    """The speech with a noise; where each of them sounds, the speech is so much louder."""
    clean = speech.sound.samples.astype(np.float64)
    noise = NOISES[kind](~speech.samples, np.random.default_rng(7))
    gain = _rms(clean[speech.samples]) / _rms(noise[noise != 0]) / 10 ** (decibels / 20)
    return Sound((clean + gain * noise).astype(np.float32))


def _rms(wave: Wave) -> float:
    return float(np.sqrt(np.mean(np.square(wave))))


def white(pauses: NDArray[np.bool_], random: Random) -> Wave:
    return random.normal(size=len(pauses))


def pink(pauses: NDArray[np.bool_], random: Random) -> Wave:
    """Noise with equal power in every octave from 20 Hz on."""
    return _filtered(white(pauses, random), lambda hertz: np.maximum(hertz, 20.0) ** -0.5)


def hum(pauses: NDArray[np.bool_], _random: Random) -> Wave:
    """The hum of mains: 50 Hz and nine multiples."""
    times = np.arange(len(pauses)) / SAMPLE_RATE
    return np.asarray(sum(np.sin(2 * np.pi * 50 * n * times + n) / n for n in range(1, 11)))


def music(pauses: NDArray[np.bool_], random: Random) -> Wave:
    """Four chords of plucked notes broken upwards, a bass, and drums; 120 beats a minute."""
    beat = SAMPLE_RATE // 2
    wave = np.zeros(len(pauses) + 4 * beat)
    for number, at in enumerate(range(0, len(pauses), beat // 2)):
        root = (110.0, 87.31, 130.81, 98.0)[number // 16 % 4]
        note = root * 2 ** ((0, 4, 7, 12, 16, 12, 7, 4)[number % 8] / 12 + 1)
        wave[at : at + 2 * beat] += _plucked(note, 2 * beat)
        if number % 4 == 0:
            wave[at : at + 4 * beat] += 1.5 * _plucked(root / 2, 4 * beat)
        if number % 2 == 0:
            wave[at : at + beat] += _drum(number // 2 % 2 == 1, beat, random)
    return wave[: len(pauses)]


def breath(pauses: NDArray[np.bool_], random: Random) -> Wave:
    """Half a second of breathing in at the end of every pause, and nothing else."""
    hiss = _filtered(white(pauses, random), lambda hertz: np.exp(-(((hertz - 1200) / 900) ** 2)))
    swell = np.sin(np.pi * np.arange(SAMPLE_RATE // 2) / (SAMPLE_RATE // 2)) ** 2
    wave = np.zeros(len(pauses))
    ends = np.flatnonzero(np.diff(pauses.astype(np.int8)) == -1) + 1
    for end in ends[ends >= len(swell)]:
        wave[end - len(swell) : end] = swell * hiss[end - len(swell) : end]
    return np.where(pauses, wave, 0.0)


NOISES: dict[str, Callable[[NDArray[np.bool_], Random], Wave]] = {
    "white": white,
    "pink": pink,
    "hum": hum,
    "music": music,
    "breath": breath,
}


def _filtered(wave: Wave, gain: Callable[[Wave], Wave]) -> Wave:
    hertz = np.fft.rfftfreq(len(wave), 1 / SAMPLE_RATE).astype(np.float64)
    return np.asarray(np.fft.irfft(np.fft.rfft(wave) * gain(hertz), len(wave)), np.float64)


def _plucked(hertz: float, samples: int) -> Wave:
    """A plucked string, whose high partials fade first."""
    times = np.arange(samples) / SAMPLE_RATE
    partials = range(1, min(int(7000 / hertz), 10) + 1)
    string = sum(
        np.sin(2 * np.pi * hertz * n * times) * np.exp(-3 * n * times) / n for n in partials
    )
    return np.asarray(string * np.clip((samples - np.arange(samples)) / 800, 0, 1))


def _drum(snare: bool, samples: int, random: Random) -> Wave:
    times = np.arange(samples) / SAMPLE_RATE
    if snare:
        return np.asarray(1.5 * random.normal(size=samples) * np.exp(-25 * times))
    return np.asarray(3 * np.sin(2 * np.pi * 6 * (1 - np.exp(-12 * times))) * np.exp(-10 * times))
