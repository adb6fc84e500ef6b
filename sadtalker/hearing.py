"""What the networks hear: a window of mel for every frame, 25 a second."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.load import SAMPLE_RATE, Sound
from audio.mel import BANDS, Mel, mel_spectrogram

FPS = 25  # frames a second, whatever the output's rate is
SAMPLES = SAMPLE_RATE // FPS  # of a frame
COLUMNS = 16  # of mel under a window
EARLY = 2  # frames by which a window begins before its frame
COLUMNS_A_SECOND = 80


@dataclass(frozen=True, eq=False)
class Hearing:
    """The mel of a sound that was cut to whole frames."""

    mel: Mel  # (80, columns)
    frames: int

    def __post_init__(self) -> None:
        if self.mel.ndim != 2 or len(self.mel) != BANDS or self.frames < 1:
            raise ValueError(f"{self.frames} frames hear a mel of {self.mel.shape}")

    @classmethod
    def of(cls, sound: Sound) -> "Hearing":
        """At least one frame, however short the sound is."""
        frames = max(len(sound.samples) // SAMPLES, 1)
        samples = sound.with_length(frames * SAMPLES).samples
        return cls(mel_spectrogram(samples, reflects=False), frames)

    def windows(self, first: int, last: int) -> NDArray[np.float32]:
        """(n, 80, 16) for frames first:last; at the ends the outermost columns are repeated."""
        starts = [window_start(frame) for frame in range(first, last)]
        columns = np.add.outer(starts, np.arange(COLUMNS)).clip(0, self.mel.shape[1] - 1)
        return np.ascontiguousarray(self.mel[:, columns].swapaxes(0, 1))


def window_start(frame: int) -> int:
    """The window's first column, cut towards zero as the networks were trained."""
    columns = COLUMNS_A_SECOND * (frame - EARLY)
    return columns // FPS if columns >= 0 else -(-columns // FPS)
