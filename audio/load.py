"""Any sound that FFmpeg reads, alone or in a video, as 16 kHz mono."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import av
import av.error
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from audio.spool import Spool, pieces
from base.errors import InputError
from base.media import decoded, demuxed, discard_others, is_playlist, open_container
from base.pauses import believable_silence, continuous_runs

Samples = NDArray[np.float32]  # (samples,), full scale is -1..1

SAMPLE_RATE = 16_000

_SMALLEST = 500  # bytes a second of any sound: a file with less is not as long as it says
_PIECE = 60 * SAMPLE_RATE
# Samples a second; telephones have 8000, studios 768000, a damaged header anything.
_LOWEST_RATE, _HIGHEST_RATE = 1000, 10_000_000
_LOUDEST = 1e4  # times full scale; a real sound in floats may pass 1, never this

# How a stereo set plays more channels, as one: voices sit in the centre, effects behind.
_SHARES = {"FL": 0.5, "FR": 0.5, "FC": 0.5**0.5, "LFE": 0.0, "LFE2": 0.0}
_SHARE_BEHIND = 0.5**1.5


@dataclass(frozen=True, eq=False)
class Sound:
    """16 kHz mono, read-only and never empty."""

    samples: Samples

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or self.samples.dtype != np.float32:
            raise ValueError(f"not mono float32: {self.samples.dtype}{self.samples.shape}")
        if not self.samples.size:
            raise ValueError("a sound without samples")
        if not all(np.isfinite((part.min(), part.max())).all() for part in pieces(self.samples)):
            raise ValueError("a sound with samples that are NaN or infinite")
        view = self.samples.view()
        view.flags.writeable = False
        object.__setattr__(self, "samples", view)

    @property
    def duration(self) -> Fraction:
        """Seconds."""
        return Fraction(len(self.samples), SAMPLE_RATE)

    def lasting(self, samples: int) -> "Sound":
        """Cut off there, or silent from its end up to there."""
        part = self.samples[:samples]
        return Sound(np.pad(part, (0, samples - len(part))))


def load(path: Path, most_seconds: float = 0) -> Sound:
    """The first stream of sound that holds samples, from its first sample on.

    A sound that lasts longer than `most_seconds` is refused; 0: any length is taken.
    """
    name = repr(str(path))
    _check_file(path)
    try:
        for index in range(_count_streams(path, most_seconds)):
            if samples := _read_stream(path, index, most_seconds):
                return Sound(samples.array())
    except OSError as error:  # FFmpeg's errors are Python's too, where Python has one
        raise InputError(
            f"{name}: cannot be read: {error.strerror}; check its permissions"
        ) from error
    except av.error.FFmpegError as error:
        raise InputError(
            f"{name}: not a sound or video that FFmpeg can read; give wav, mp3, mp4 or the like"
        ) from error
    raise InputError(
        f"{name}: its sound is empty or damaged, nothing in it can be decoded; export it again"
    )


def _check_file(path: Path) -> None:
    name = repr(str(path))
    try:
        if path.is_dir():
            raise InputError(f"{name}: a folder, not a sound; name one file in it")
        if not path.exists():
            raise InputError(f"{name}: no such file; check the name of the sound")
        if not path.is_file():  # a pipe cannot be read twice, and the writer needs it again
            raise InputError(f"{name}: not a regular file; save the sound to a file first")
        if not path.stat().st_size:
            raise InputError(f"{name}: an empty file; give a sound or a video with sound")
    except OSError as error:
        raise InputError(
            f"{name}: cannot be read: {error.strerror}; check its permissions"
        ) from error


def _count_streams(path: Path, most_seconds: float) -> int:
    with open_container(path) as container:
        if is_playlist(container):
            raise InputError(
                f"{str(path)!r}: a list or text ({container.format.name}), not a sound; "
                "give the file of sound itself"
            )
        count = len(container.streams.audio)
        if not count:
            what = "a picture but no sound" if container.streams.video else "no sound"
            raise InputError(f"{str(path)!r}: has {what}; give a file with sound")
        stated = (container.duration or 0) / av.time_base
        if 0 < most_seconds < stated and container.size > stated * _SMALLEST:
            raise _too_long(path, most_seconds)
        return count


def _too_long(path: Path, most_seconds: float) -> InputError:
    return InputError(
        f"{str(path)!r}: lasts longer than --max_seconds {most_seconds:g} allows:"
        " cut it, or raise --max_seconds (0: no limit)"
    )


def _read_stream(path: Path, index: int, most_seconds: float) -> Spool:
    samples = Spool()
    with open_container(path) as container:
        room = believable_silence(container)
        frames = _believed(path, _frames(container, container.streams.audio[index]))
        for block in _blocks(frames, room):
            if not (np.abs(block) < _LOUDEST).all():  # NaN is not smaller, either
                where = len(samples) / SAMPLE_RATE
                raise InputError(
                    f"{str(path)!r}: the file's samples are NaN or infinite at {where:.2f} s,"
                    " or as good as that; export the sound again"
                )
            samples.add(block)
            if 0 < most_seconds * SAMPLE_RATE < len(samples):
                raise _too_long(path, most_seconds)
    return samples


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """What can be decoded; damaged packets are left out."""
    decoder: AudioCodecContext | None = stream.codec_context
    if decoder is None:  # an unknown codec; PyAV's own decode would end the process
        return
    discard_others(container, stream)
    for packet in demuxed(container, stream):
        yield from decoded(packet)


def _believed(path: Path, frames: Iterable[AudioFrame]) -> Iterator[AudioFrame]:
    """A few thousand samples, called one a second, would be an hour of nothing; others, no time."""
    for frame in frames:
        if not _LOWEST_RATE <= frame.sample_rate <= _HIGHEST_RATE:
            raise InputError(
                f"{str(path)!r}: {frame.sample_rate} samples a second are no sound: the file is"
                " damaged; export it again"
            )
        yield frame


def _blocks(frames: Iterable[AudioFrame], room: Fraction) -> Iterator[Samples]:
    """16 kHz mono in pieces; pauses in the time stamps are silent, `room` seconds in all."""
    for (_, pause), run in groupby(continuous_runs(frames, room), key=itemgetter(0)):
        yield from _silence(round(pause * SAMPLE_RATE))
        # packed: PyAV crashes on planar sound of more than eight channels
        resampler = av.AudioResampler(format="flt", rate=SAMPLE_RATE)
        for _, frame in run:
            yield from map(_mixed, resampler.resample(frame))
        yield from map(_mixed, resampler.resample(None))


def _silence(samples: int) -> Iterator[Samples]:
    """In pieces, so that a pause without measure is met by the limit before memory is."""
    for start in range(0, samples, _PIECE):
        yield np.zeros(min(_PIECE, samples - start), np.float32)


def _mixed(frame: AudioFrame) -> Samples:
    shares = _shares([channel.name for channel in frame.layout.channels])
    return np.asarray(frame.to_ndarray().reshape(-1, len(shares)) @ shares, np.float32)


def _shares(channels: Sequence[str]) -> Samples:
    """Of each channel in the mix: known speakers by their place, others alike."""
    if len(channels) > 2 and {"FL", "FR"} <= set(channels):
        return np.array([_SHARES.get(name, _SHARE_BEHIND) for name in channels], np.float32)
    return np.full(len(channels), 1 / len(channels), np.float32)
