"""What is done to the sound of a speech, with the times of its words and phonemes kept right."""

import io
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np

from base.phonemes import Phoneme
from speech.speech import Samples, Speech, Word

KEPT = 0.03  # seconds of silence that stay around a sentence
SILENT = 0.003  # of a sentence's largest amplitude
FADE = 0.005  # seconds


def silence(seconds: float, rate: int) -> Speech:
    return Speech(np.zeros(round(seconds * rate), np.float32), rate)


def trimmed(speech: Speech) -> Speech:
    """The speech without the silence at its ends, faded in and out."""
    loud = np.flatnonzero(np.abs(speech.samples) > SILENT * np.abs(speech.samples).max(initial=0))
    if not loud.size:
        return speech
    margin = round(KEPT * speech.rate)
    first, last = max(int(loud[0]) - margin, 0), int(loud[-1]) + margin
    samples = speech.samples[first:last].copy()
    fade = min(round(FADE * speech.rate), len(samples))
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    samples[:fade] *= ramp
    samples[len(samples) - fade :] *= ramp[::-1]
    return _moved(speech, Speech(samples, speech.rate), first / speech.rate)


def _moved(speech: Speech, sound: Speech, earlier: float) -> Speech:
    """The sound with the words and phonemes of the speech, none of them outside it."""
    end = float(sound.duration)

    def at(time: float) -> float:
        return min(max(time - earlier, 0.0), end)

    words = tuple(Word(word.text, at(word.start), at(word.end)) for word in speech.words)
    phonemes = tuple(Phoneme(p.symbol, at(p.begin), at(p.end)) for p in speech.phonemes)
    return replace(sound, words=words, phonemes=phonemes)


def resampled(speech: Speech, rate: int) -> Speech:
    """The same at another rate."""
    if speech.rate == rate:
        return speech
    frame = av.AudioFrame.from_ndarray(speech.samples[None], "flt", "mono")
    frame.sample_rate, frame.time_base, frame.pts = speech.rate, Fraction(1, speech.rate), 0
    resampler = av.AudioResampler("flt", "mono", rate)
    frames = [*resampler.resample(frame), *resampler.resample(None)]
    samples = np.concatenate([_samples(frame) for frame in frames])
    wanted = round(len(speech.samples) * rate / speech.rate)
    samples = np.pad(samples[:wanted], (0, max(wanted - len(samples), 0)))
    return _moved(speech, Speech(samples, rate), 0.0)


def read_wav(content: bytes) -> tuple[Samples, int]:
    """The samples of a WAV, mixed to one channel, and its rate; ValueError for what is none."""
    try:
        with av.open(io.BytesIO(content), "r", format="wav") as container:
            stream = container.streams.audio[0]
            resampler = av.AudioResampler("flt", "mono", stream.codec_context.sample_rate)
            frames = [
                out for frame in container.decode(stream) for out in resampler.resample(frame)
            ]
            frames += resampler.resample(None) if frames else []
    except (av.FFmpegError, IndexError, OSError) as error:
        raise ValueError("it is no WAV") from error
    if not frames:
        raise ValueError("it holds no sound")
    return np.concatenate([_samples(frame) for frame in frames]), frames[0].sample_rate


def _samples(frame: av.AudioFrame) -> Samples:
    return np.asarray(frame.to_ndarray()[0], np.float32)
