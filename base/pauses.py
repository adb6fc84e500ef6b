"""Pauses in the time stamps of a sound: what moves the mouth and what is heard keep the same."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
from av.audio.frame import AudioFrame
from av.container import InputContainer

# A silence in the time stamps shorter than this is rounding: Matroska and FLV count milliseconds.
# The shortest packet that damage can take away, 20 ms of Opus, is not.
SHORTEST_PAUSE = Fraction(1, 50)
BACKWARDS = Fraction(-1)  # stamps that fall back by more than a second have started anew
PAUSES_IN_ALL = Fraction(60)  # seconds of silence believed where a file does not know its length


def believable_silence(container: InputContainer) -> Fraction:
    """How many seconds of silence a file can be believed to hold."""
    return Fraction(container.duration or 0, av.time_base) or PAUSES_IN_ALL


def continuous_runs(
    frames: Iterable[AudioFrame], room: Fraction
) -> Iterator[tuple[tuple[int, Fraction], AudioFrame]]:
    """Each frame with its run: the run's number and the pause before it, in seconds.

    A run has one setup and no pause; all pauses together last `room` seconds at most.
    """
    run, pause, setup = 0, Fraction(0), None
    expected: Fraction | None = None
    for frame in frames:
        time = _time(frame)
        gap = Fraction(0) if time is None or expected is None else time - expected
        real = SHORTEST_PAUSE <= gap <= room
        if real or _setup(frame) != setup:
            run, pause, setup = run + 1, gap if real else Fraction(0), _setup(frame)
            room -= pause
        if expected is None or real or gap > room or gap < BACKWARDS:
            expected = time
        if expected is not None:
            expected += Fraction(frame.samples, frame.sample_rate)
        yield (run, pause), frame


def _time(frame: AudioFrame) -> Fraction | None:
    return None if frame.pts is None or not frame.time_base else frame.pts * frame.time_base


def _setup(frame: AudioFrame) -> tuple[str, str, int]:
    """What a resampler is made for; chained and broadcast streams change it midway."""
    return frame.format.name, frame.layout.name, frame.sample_rate
