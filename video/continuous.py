"""Decoded sound as an encoder wants it: in one setup, and without pauses in its times."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from operator import itemgetter

import av

# What counts as a pause is what `audio.load` hears as one: the mouth follows that.
SHORTEST_PAUSE = Fraction(1, 50)  # seconds; less is rounding in a container's milliseconds
BACKWARDS = Fraction(-1)  # times that fall back by more than a second have started anew


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
    for (_, pause), run in groupby(_runs(frames, room), key=itemgetter(0)):
        yield from setup.silence(pause)
        resampler = setup.resampler()
        for _, frame in run:
            yield from resampler.resample(frame)
        yield from resampler.resample(None)


def _runs(
    frames: Iterable[av.AudioFrame], room: Fraction
) -> Iterator[tuple[tuple[int, Fraction], av.AudioFrame]]:
    """Each frame with its run: the run's number and the pause before it, in seconds."""
    run, pause = 0, Fraction(0)
    setup: Setup | None = None
    expected: Fraction | None = None
    for frame in frames:
        time = _time(frame)
        gap = Fraction(0) if time is None or expected is None else time - expected
        paused = SHORTEST_PAUSE <= gap <= room
        if paused or Setup.of(frame) != setup:
            run, pause, setup = run + 1, gap if paused else Fraction(0), Setup.of(frame)
            room -= pause
        if expected is None or paused or gap > room or gap < BACKWARDS:
            expected = time
        if expected is not None:
            expected += Fraction(frame.samples, frame.sample_rate)
        yield (run, pause), frame


def _time(frame: av.AudioFrame) -> Fraction | None:
    return None if frame.pts is None or not frame.time_base else frame.pts * frame.time_base
