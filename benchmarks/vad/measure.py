"""Every way to find speech, on every mixture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from audio.vads import VADS
from benchmarks.vad.mixtures import FPS, NOISES, Speech, mixed
from benchmarks.vad.scores import Score, score

KEPT, SKIPPED = 0.9, 0.8  # what silero promises where speech is louder than noise by 10 dB
CLEAR = 10.0  # dB
THRESHOLD = 0.01  # amplitude: the command's default


@dataclass(frozen=True)
class Row:
    noise: str
    decibels: float
    vad: str
    score: Score

    @property
    def passed(self) -> bool:
        """Of loudness nothing is promised: to it all that is loud is speech."""
        if self.vad != "silero" or self.decibels < CLEAR:
            return True
        return self.score.kept >= KEPT and self.score.skipped >= SKIPPED


def rows(speech: Speech, vads: Sequence[str], decibels: Sequence[float]) -> Iterator[Row]:
    """Each by itself, on the same sounds."""
    loaded = {name: VADS[name]() for name in vads}
    for noise in NOISES:
        for level in decibels:
            sound = mixed(speech, noise, level)
            for name, vad in loaded.items():
                found = vad(sound, THRESHOLD)(FPS, len(speech.truth), Fraction(0))
                yield Row(noise, level, name, score(found, speech.truth))
