"""What the network hears for each output frame: 16 columns of mel from the frame's own time on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from audio.clock import ticks
from audio.load import SAMPLE_RATE, Sound
from audio.mel import BANDS, HOP, SILENT, Mel, mel_spectrogram
from audio.silence import Speech, Vad, energy
from audio.spool import give_back

WIDTH = 16  # columns of one window, 0.2 s
COLUMNS = SAMPLE_RATE // HOP  # a second

_HUSH = WIDTH + 2  # columns after which a window hears none of the sound, transform and all
_FADE = 4  # columns to each side of an end of speech; half of what it reaches beyond what is heard


@dataclass(frozen=True, eq=False)
class Windows:
    """One window for every output frame, read-only."""

    mel: Mel  # (80, columns)
    starts: NDArray[np.int64]  # (frames,): the first column of each window
    speaking: NDArray[np.bool_]  # (frames,)
    fps: Fraction

    def __post_init__(self) -> None:
        if self.mel.ndim != 2 or len(self.mel) != BANDS or self.mel.dtype != np.float32:
            raise ValueError(f"not a mel of {BANDS} bands: {self.mel.dtype}{self.mel.shape}")
        if self.starts.ndim != 1 or not self.starts.size or self.starts.dtype.kind != "i":
            raise ValueError(f"not window starts: {self.starts.dtype}{self.starts.shape}")
        if self.starts.min() < 0 or self.starts.max() + WIDTH > self.mel.shape[1]:
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

    def batch(self, first: int, last: int) -> Mel:
        """(n, 80, 16): the windows of frames first..last, bounds as those of a slice."""
        return self.at(range(len(self))[first:last])

    def at(self, frames: Sequence[int]) -> Mel:
        """(n, 80, 16): the windows of these frames."""
        every = np.lib.stride_tricks.sliding_window_view(self.mel, WIDTH, axis=1)
        windows = np.ascontiguousarray(every[:, self.starts[list(frames)]].swapaxes(0, 1))
        give_back(self.mel)
        return windows


@dataclass(frozen=True)
class Hearing:
    """What is taken for speech, and whether the mouth hears anything else."""

    vad: Vad = energy
    threshold: float = 0.01  # amplitude
    speech_alone: bool = False


ALL = Hearing()


def windows_of(
    sound: Sound, fps: Fraction, offset: Fraction = Fraction(0), hearing: Hearing = ALL
) -> Windows:
    """As many as frame times lie before the sound's end; `offset` seconds move the mouth later."""
    frames = count_frames(sound.duration, fps)
    before, after = _margins(offset)
    mel = mel_spectrogram(sound.samples, before * HOP, after * HOP)
    starts = window_starts(frames, fps, offset).clip(-before, mel.shape[1] - WIDTH - before)
    speech = hearing.vad(sound, hearing.threshold)
    if hearing.speech_alone:
        mel = _with_speech_alone(mel, speech, before)
    return Windows(mel, starts + before, speech(fps, frames, offset), fps)


def _with_speech_alone(mel: Mel, speech: Speech, before: int) -> Mel:
    """The mel, silent where nobody speaks, softly; `before` columns lie before the sound."""
    inside = speech(Fraction(COLUMNS), mel.shape[1], Fraction(before, COLUMNS))
    near = np.ones(2 * _FADE + 1, np.int64)
    outside = np.convolve(np.pad(~inside, _FADE, mode="edge"), near, mode="valid")
    silent = (outside / len(near)).astype(np.float32)
    return np.asarray((1 - silent) * mel + silent * SILENT, np.float32)


def count_frames(duration: Fraction, fps: Fraction) -> int:
    """The number of frame times f / fps before `duration`, at least the first."""
    if not fps > 0:
        raise ValueError(f"{fps} frames a second; need more than none")
    return max(math.ceil(duration * fps), 1)


def window_starts(frames: int, fps: Fraction, offset: Fraction = Fraction(0)) -> NDArray[np.int64]:
    """The column at each frame's time; columns before the sound are negative."""
    return ticks(frames, fps, COLUMNS, offset)


def _margins(offset: Fraction) -> tuple[int, int]:
    """Columns of silence before and after the sound; a later or earlier mouth rests in them."""
    return (_HUSH if offset > 0 else 0), (_HUSH if offset < 0 else WIDTH)
