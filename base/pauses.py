"""Pauses in a sound's time stamps, kept alike in what is heard and in what moves the mouth."""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import groupby
from operator import itemgetter

import av
from av.audio.frame import AudioFrame
from av.container import InputContainer

# A silence in the time stamps shorter than this is rounding: Matroska and FLV count milliseconds.
# The shortest packet that damage can take away, 20 ms of Opus, is not.
SHORTEST_PAUSE = Fraction(1, 50)
RESTART_STEP = Fraction(-1)  # stamps that fall back by more than a second have started anew
MOST_SILENCE = Fraction(60)  # seconds of silence believed where a file does not know its length


def believable_silence(container: InputContainer) -> Fraction:
    """How many seconds of silence in its time stamps a file can be believed to hold."""
    return Fraction(container.duration or 0, av.time_base) or MOST_SILENCE


def resampled_runs(
    frames: Iterable[AudioFrame],
    max_silence: Fraction,
    new_resampler: Callable[[], av.AudioResampler],
) -> Iterator[tuple[Fraction, Iterator[AudioFrame]]]:
    """Runs of frames without a pause: seconds of silence before each, and its frames resampled.

    Each has its own resampler, since the format can change. All pauses together last `max_silence`
    seconds at most.
    """
    for (_, pause), run in groupby(_runs(frames, max_silence), key=itemgetter(0)):
        yield pause, _resample((frame for _, frame in run), new_resampler())


def _resample(frames: Iterable[AudioFrame], resampler: av.AudioResampler) -> Iterator[AudioFrame]:
    for frame in frames:
        yield from resampler.resample(frame)
    yield from resampler.resample(None)


def _runs(
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
        if expected is None or real or gap > room or gap < RESTART_STEP:
            expected = time
        if expected is not None:
            expected += Fraction(frame.samples, frame.sample_rate)
        yield (run, pause), frame


def _time(frame: AudioFrame) -> Fraction | None:
    return None if frame.pts is None or not frame.time_base else frame.pts * frame.time_base


def _setup(frame: AudioFrame) -> tuple[str, str, int]:
    """What a resampler is made for; chained and broadcast streams change it midway."""
    return frame.format.name, frame.layout.name, frame.sample_rate
