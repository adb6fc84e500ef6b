"""Decoded sound as an encoder wants it: in one setup, and without pauses in its times."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from operator import itemgetter

import av
import numpy as np

from base.pauses import continuous_runs

GUESSED = 8  # channels


@dataclass(frozen=True)
class Setup:
    """How samples lie in a frame."""

    format: str
    layout: str
    rate: int

    @classmethod
    def of(cls, it: "av.AudioFrame | av.AudioCodecContext") -> "Setup":
        return cls(it.format.name, it.layout.name, it.sample_rate)

    def resampler(self) -> av.AudioResampler:
        return av.AudioResampler(format=self.format, layout=self.layout, rate=self.rate)

    def silence(self, duration: Fraction) -> Iterator[av.AudioFrame]:
        """In frames of at most a second."""
        samples = round(duration * self.rate)
        for start in range(0, samples, self.rate):
            size = min(self.rate, samples - start)
            frame = av.AudioFrame(format=self.format, layout=self.layout, samples=size)
            frame.sample_rate = self.rate
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            yield frame


def continuous(
    frames: Iterable[av.AudioFrame], setup: Setup, room: Fraction
) -> Iterator[av.AudioFrame]:
    """The sound in `setup`, its times from 0 on; pauses are silent, `room` seconds in all."""
    done = 0
    for frame in _resampled(frames, setup, room):
        frame.pts, frame.time_base = done, Fraction(1, setup.rate)
        done += frame.samples
        yield frame


def _resampled(
    frames: Iterable[av.AudioFrame], setup: Setup, room: Fraction
) -> Iterator[av.AudioFrame]:
    for (_, pause), run in groupby(continuous_runs(frames, room), key=itemgetter(0)):
        yield from setup.silence(pause)
        resampler = setup.resampler()
        for _, frame in run:
            yield from resampler.resample(_placed(frame))
        yield from resampler.resample(None)


def _placed(frame: av.AudioFrame) -> av.AudioFrame:
    """Channels without places, more of them than FFmpeg can guess, are heard from both sides."""
    count = len(frame.layout.channels)
    if count <= GUESSED or frame.layout.name != f"{count} channels":
        return frame
    # packed: PyAV crashes on planar sound of more than eight channels
    [packed] = av.AudioResampler(format="flt").resample(frame)
    mixed = packed.to_ndarray().reshape(-1, count).mean(axis=1, dtype=np.float32)
    both = av.AudioFrame.from_ndarray(np.repeat(mixed, 2)[None], format="flt", layout="stereo")
    both.sample_rate, both.pts, both.time_base = frame.sample_rate, frame.pts, frame.time_base
    return both
