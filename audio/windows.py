"""What the network hears for each output frame: 16 columns of mel from the frame's time on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from audio.clock import frame_ticks
from audio.energy import SpeechTimes, Vad, energy_vad
from audio.load import SAMPLE_RATE, Sound
from audio.mel import BANDS, HOP, SILENCE_LEVEL, Mel, mel_spectrogram
from audio.spool import Spool, release_pages

WINDOW_COLUMNS = 16  # 0.2 s
COLUMNS_PER_SECOND = SAMPLE_RATE // HOP

# A window that starts so many columns before the sound hears none of it: an FFT reaches over two.
_QUIET = WINDOW_COLUMNS + 2
_COLUMNS_AT_ONCE = 4096
_FADE = 4  # columns on each side of an end of speech: half of the lead and hangover of 0.1 s


@dataclass(frozen=True, eq=False)
class Windows:
    """One window of the mel for every output frame, read-only."""

    mel: Mel  # (80, columns)
    starts: NDArray[np.int64]  # (frames,): the first column of each window
    speaking: NDArray[np.bool_]  # (frames,): whether there is speech
    fps: Fraction
    offset: Fraction = Fraction(0)  # seconds by which the mouth comes after its sound

    def __post_init__(self) -> None:
        if self.mel.ndim != 2 or len(self.mel) != BANDS or self.mel.dtype != np.float32:
            raise ValueError(f"not a mel of {BANDS} bands: {self.mel.dtype}{self.mel.shape}")
        if self.starts.ndim != 1 or not self.starts.size or self.starts.dtype.kind != "i":
            raise ValueError(f"not window starts: {self.starts.dtype}{self.starts.shape}")
        if self.starts.min() < 0 or self.starts.max() + WINDOW_COLUMNS > self.mel.shape[1]:
            raise ValueError(f"windows reach over the {self.mel.shape[1]} columns of the mel")
        if self.speaking.shape != self.starts.shape or self.speaking.dtype != np.bool_:
            raise ValueError(f"{self.speaking.shape} speaking for {self.starts.shape} windows")
        if not self.fps > 0:
            raise ValueError(f"{self.fps} frames a second")
        for name in ("mel", "starts", "speaking"):
            view = getattr(self, name).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    def __len__(self) -> int:
        return len(self.starts)

    def times(self, frames: Sequence[int]) -> NDArray[np.float64]:
        """(n,): the seconds of the sound that these frames show."""
        return np.array([float(frame / self.fps - self.offset) for frame in frames])

    def slice(self, first: int, last: int) -> Mel:
        """(n, 80, 16): the windows of frames first:last, with the bounds of a Python slice."""
        return self.at(range(len(self))[first:last])

    def at(self, frames: Sequence[int]) -> Mel:
        """(n, 80, 16): the windows of these frames."""
        every = np.lib.stride_tricks.sliding_window_view(self.mel, WINDOW_COLUMNS, axis=1)
        windows = np.ascontiguousarray(every[:, self.starts[list(frames)]].swapaxes(0, 1))
        release_pages(self.mel)
        return windows


@dataclass(frozen=True)
class VadSettings:
    """What counts as speech, and whether the mouth moves with anything else."""

    vad: Vad = energy_vad
    threshold: float = 0.01  # amplitude, for `energy_vad`
    speech_only: bool = False  # windows are silent where there is no speech


DEFAULT_VAD = VadSettings()


def windows_of(
    sound: Sound,
    fps: Fraction,
    offset: Fraction = Fraction(0),
    settings: VadSettings = DEFAULT_VAD,
    earlier: Fraction = Fraction(0),
) -> Windows:
    """The windows of all frames that begin before the sound's end.

    The mouth moves `offset` seconds later than its sound. A window begins `earlier` than its frame,
    but not before the sound where no later mouth needs that.
    """
    frames = count_frames(sound.duration, fps)
    before, after = _margins(offset)
    mel = mel_spectrogram(sound.samples, before * HOP, after * HOP)
    last_start = mel.shape[1] - WINDOW_COLUMNS - before
    starts = window_starts(frames, fps, offset + earlier).clip(-before, last_start)
    speech = settings.vad(sound, settings.threshold)
    if settings.speech_only:
        mel = _speech_only(mel, speech, before)
    return Windows(mel, starts + before, speech(fps, frames, offset), fps, offset)


def _speech_only(mel: Mel, speech: SpeechTimes, before: int) -> Mel:
    """The mel faded to silence outside speech; `before` columns of it precede the sound."""
    rate, offset = Fraction(COLUMNS_PER_SECOND), Fraction(before, COLUMNS_PER_SECOND)
    is_silent = ~speech(rate, mel.shape[1], offset)
    box_filter = np.ones(2 * _FADE + 1, np.int64)
    count = np.convolve(np.pad(is_silent, _FADE, mode="edge"), box_filter, mode="valid")
    silence = (count / len(box_filter)).astype(np.float32)
    faded = Spool()
    for first in range(0, mel.shape[1], _COLUMNS_AT_ONCE):
        columns = slice(first, first + _COLUMNS_AT_ONCE)
        share = silence[columns]
        part = (1 - share) * mel[:, columns] + share * SILENCE_LEVEL
        faded.add(np.asarray(part.T, np.float32))
        release_pages(mel)
    return faded.array().reshape(mel.shape[1], BANDS).T


def count_frames(duration: Fraction, fps: Fraction) -> int:
    """How many frames begin before `duration`, at least one."""
    if not fps > 0:
        raise ValueError(f"{fps} frames a second; need more than none")
    return max(math.ceil(duration * fps), 1)


def window_starts(frames: int, fps: Fraction, offset: Fraction = Fraction(0)) -> NDArray[np.int64]:
    """The column at each frame's time; negative before the sound."""
    return frame_ticks(frames, fps, COLUMNS_PER_SECOND, offset)


def _margins(offset: Fraction) -> tuple[int, int]:
    """Columns of silence before and after the sound, for windows that lie outside it."""
    return (_QUIET if offset > 0 else 0), (_QUIET if offset < 0 else WINDOW_COLUMNS)
