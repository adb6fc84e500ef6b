"""Any sound that FFmpeg reads, alone or in a video, as 16 kHz mono."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from audio.spool import Spool, chunks
from base.errors import InputError
from base.media import PlaylistError, decode_sound, open_container
from base.pauses import believable_silence, resampled_runs

Samples = NDArray[np.float32]  # (samples,), full scale is -1..1

SAMPLE_RATE = 16_000

_MIN_BYTES_PER_SECOND = 500  # of any sound: a file with fewer is not as long as its header says
_SILENCE_BLOCK = 60 * SAMPLE_RATE  # samples
# Samples a second; telephones have 8000, studios 768000, a damaged header anything.
_MIN_RATE, _MAX_RATE = 1000, 10_000_000
_MAX_AMPLITUDE = 1e4  # times full scale; a real sound in floats may pass 1, never this

# Gains of a downmix: voices are in the centre, effects in the rear.
_GAINS = {"FL": 0.5, "FR": 0.5, "FC": 0.5**0.5, "LFE": 0.0, "LFE2": 0.0}
_REAR_GAIN = 0.5**1.5


@dataclass(frozen=True, eq=False)
class Sound:
    """16 kHz mono, read-only and never empty."""

    samples: Samples

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or self.samples.dtype != np.float32:
            raise ValueError(f"not mono float32: {self.samples.dtype}{self.samples.shape}")
        if not self.samples.size:
            raise ValueError("a sound without samples")
        if not all(np.isfinite((part.min(), part.max())).all() for part in chunks(self.samples)):
            raise ValueError("a sound with samples that are NaN or infinite")
        view = self.samples.view()
        view.flags.writeable = False
        object.__setattr__(self, "samples", view)

    @property
    def duration(self) -> Fraction:
        """Seconds."""
        return Fraction(len(self.samples), SAMPLE_RATE)

    def with_length(self, samples: int) -> "Sound":
        """The sound cut off, or followed by silence, so that it has so many samples."""
        if samples <= len(self.samples):
            return Sound(self.samples[:samples])
        padded = Spool()
        for chunk in chunks(self.samples):
            padded.add(chunk)
        for chunk in _silence(samples - len(self.samples)):
            padded.add(chunk)
        return Sound(padded.array())


def load_sound(path: Path, max_seconds: float = 0) -> Sound:
    """Read the first audio stream that holds samples, from its first sample on.

    InputError for a sound that lasts longer than `max_seconds`; 0: no limit.
    """
    name = repr(str(path))
    _check_file(path)
    try:
        for index in range(_count_streams(path, max_seconds)):
            if samples := _read_stream(path, index, max_seconds):
                return Sound(samples.array())
    except PlaylistError as error:
        raise InputError(f"{name}: {error}, not a sound; give the file of sound itself") from error
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
    """InputError for what is no regular file with content."""
    name = repr(str(path))
    try:
        if path.is_dir():
            raise InputError(f"{name}: a folder, not a sound; name one file in it")
        if not path.exists():
            raise InputError(f"{name}: no such file; check the name of the sound")
        if not path.is_file():  # a pipe cannot be read twice, and the writer reads it again
            raise InputError(f"{name}: not a regular file; save the sound to a file first")
        if not path.stat().st_size:
            raise InputError(f"{name}: an empty file; give a sound or a video with sound")
    except OSError as error:
        raise InputError(
            f"{name}: cannot be read: {error.strerror}; check its permissions"
        ) from error


def _count_streams(path: Path, max_seconds: float) -> int:
    """How many audio streams there are; InputError for none, or if the header says too long."""
    with open_container(path) as container:
        count = len(container.streams.audio)
        if not count:
            content = "a picture but no sound" if container.streams.video else "no sound"
            raise InputError(f"{str(path)!r}: has {content}; give a file with sound")
        stated = (container.duration or 0) / av.time_base
        if 0 < max_seconds < stated and container.size > stated * _MIN_BYTES_PER_SECOND:
            raise _too_long(path, max_seconds)
        return count


def _too_long(path: Path, max_seconds: float) -> InputError:
    return InputError(
        f"{str(path)!r}: lasts longer than --max_seconds {max_seconds:g} allows:"
        " cut it, or raise --max_seconds (0: no limit)"
    )


def _read_stream(path: Path, index: int, max_seconds: float) -> Spool:
    """The samples of an audio stream; none if nothing of it can be decoded."""
    samples = Spool()
    with open_container(path) as container:
        frames = _check_rates(path, decode_sound(container, index))
        for block in _mono_blocks(frames, believable_silence(container)):
            if not (np.abs(block) < _MAX_AMPLITUDE).all():  # false for NaN, too
                seconds = len(samples) / SAMPLE_RATE
                raise InputError(
                    f"{str(path)!r}: the file's samples are NaN or infinite at {seconds:.2f} s,"
                    " or as good as that; export the sound again"
                )
            samples.add(block)
            if 0 < max_seconds * SAMPLE_RATE < len(samples):
                raise _too_long(path, max_seconds)
    return samples


def _check_rates(path: Path, frames: Iterable[AudioFrame]) -> Iterator[AudioFrame]:
    """The frames; InputError for a sample rate that no sound has.

    At one sample a second, say, a few thousand damaged samples would last an hour.
    """
    for frame in frames:
        if not _MIN_RATE <= frame.sample_rate <= _MAX_RATE:
            raise InputError(
                f"{str(path)!r}: {frame.sample_rate} samples a second are no sound: the file is"
                " damaged; export it again"
            )
        yield frame


def _mono_blocks(frames: Iterable[AudioFrame], max_silence: Fraction) -> Iterator[Samples]:
    """16 kHz mono in blocks; pauses in the time stamps become silence, so much in all at most."""
    for pause, run in resampled_runs(frames, max_silence, _new_resampler):
        yield from _silence(round(pause * SAMPLE_RATE))
        yield from map(_to_mono, run)


def _new_resampler() -> av.AudioResampler:
    # packed samples: PyAV crashes on planar sound of more than eight channels
    return av.AudioResampler(format="flt", rate=SAMPLE_RATE)


def _silence(samples: int) -> Iterator[Samples]:
    """In blocks, so that an endless pause meets the limit of length before that of memory."""
    for start in range(0, samples, _SILENCE_BLOCK):
        yield np.zeros(min(_SILENCE_BLOCK, samples - start), np.float32)


def _to_mono(frame: AudioFrame) -> Samples:
    gains = _gains([channel.name for channel in frame.layout.channels])
    return np.asarray(frame.to_ndarray().reshape(-1, len(gains)) @ gains, np.float32)


def _gains(channels: Sequence[str]) -> Samples:
    """Of each channel in the mono mix: by its speaker in surround sound, else all alike."""
    if len(channels) > 2 and {"FL", "FR"} <= set(channels):
        return np.array([_GAINS.get(name, _REAR_GAIN) for name in channels], np.float32)
    return np.full(len(channels), 1 / len(channels), np.float32)
