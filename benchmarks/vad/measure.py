"""Every voice activity detector on every mixture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from audio.vads import VADS
from benchmarks.vad.mixtures import FPS, NOISES, Speech, mix_noise
from benchmarks.vad.scores import Score, score_speech

LEAST_KEPT, LEAST_SKIPPED = 0.9, 0.8  # shares that silero must reach in clear speech
CLEAR = 10.0  # dB by which clear speech is louder than the noise
THRESHOLD = 0.01  # amplitude: the command's default


@dataclass(frozen=True)
class Row:
    """A detector's score on one mixture."""

    noise: str
    decibels: float  # by which the speech is louder than the noise
    vad: str
    score: Score

    @property
    def passed(self) -> bool:
        """Only silero has a limit: by loudness alone, loud noise cannot be told from speech."""
        if self.vad != "silero" or self.decibels < CLEAR:
            return True
        return self.score.kept >= LEAST_KEPT and self.score.skipped >= LEAST_SKIPPED


def measure_vads(speech: Speech, vads: Sequence[str], decibels: Sequence[float]) -> Iterator[Row]:
    """The scores of all detectors on the same sounds."""
    loaded = {name: VADS[name]() for name in vads}
    for noise in NOISES:
        for level in decibels:
            sound = mix_noise(speech, noise, level)
            for name, vad in loaded.items():
                answer = vad(sound, THRESHOLD)(FPS, len(speech.truth), Fraction(0))
                yield Row(noise, level, name, score_speech(answer, speech.truth))
