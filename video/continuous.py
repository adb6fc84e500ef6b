"""Decoded sound as an encoder takes it: in one sample format, without gaps in its times."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np

from base.pauses import resampled_runs

MAX_GUESSED_CHANNELS = 8  # FFmpeg guesses a speaker layout for at most so many


@dataclass(frozen=True)
class AudioFormat:
    """How the samples of a sound are stored."""

    format: str  # FFmpeg's sample format
    layout: str
    rate: int  # samples a second

    @classmethod
    def of(cls, context: av.AudioCodecContext) -> "AudioFormat":
        return cls(context.format.name, context.layout.name, context.sample_rate)

    def resampler(self) -> av.AudioResampler:
        """A new resampler to this format."""
        return av.AudioResampler(format=self.format, layout=self.layout, rate=self.rate)

    def silence(self, duration: Fraction) -> Iterator[av.AudioFrame]:
        """Silent frames of at most a second each."""
        samples = round(duration * self.rate)
        for start in range(0, samples, self.rate):
            size = min(self.rate, samples - start)
            frame = av.AudioFrame(format=self.format, layout=self.layout, samples=size)
            frame.sample_rate = self.rate
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            yield frame


def fill_pauses(
    frames: Iterable[av.AudioFrame], target: AudioFormat, max_silence: Fraction
) -> Iterator[av.AudioFrame]:
    """The sound in the target format, its times from 0 on.

    Pauses in the time stamps become silence, `max_silence` seconds of it in all at most.
    """
    position = 0
    for frame in _resample(frames, target, max_silence):
        frame.pts, frame.time_base = position, Fraction(1, target.rate)
        position += frame.samples
        yield frame


def _resample(
    frames: Iterable[av.AudioFrame], target: AudioFormat, max_silence: Fraction
) -> Iterator[av.AudioFrame]:
    placed = map(_with_speaker_layout, frames)
    for pause, run in resampled_runs(placed, max_silence, target.resampler):
        yield from target.silence(pause)
        yield from run


def _with_speaker_layout(frame: av.AudioFrame) -> av.AudioFrame:
    """The frame; mixed down to both stereo speakers where FFmpeg cannot guess a layout."""
    count = len(frame.layout.channels)
    if count <= MAX_GUESSED_CHANNELS or frame.layout.name != f"{count} channels":
        return frame
    # packed samples: PyAV crashes on planar sound of more than eight channels
    [packed] = av.AudioResampler(format="flt").resample(frame)
    mono = packed.to_ndarray().reshape(-1, count).mean(axis=1, dtype=np.float32)
    stereo = av.AudioFrame.from_ndarray(np.repeat(mono, 2)[None], format="flt", layout="stereo")
    stereo.sample_rate, stereo.pts = frame.sample_rate, frame.pts
    stereo.time_base = frame.time_base
    return stereo
