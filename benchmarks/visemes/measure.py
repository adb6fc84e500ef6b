"""The poses of a sound, held against the phonemes that are spoken in it."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from audio.load import Sound
from audio.windows import windows_of
from base.phonemes import Phoneme
from puppet.motion import SoundHistory, add_window
from puppet.visemes import SHAPES, Visemes, pose_of

RATE = Fraction(80)  # poses a second
REACHED = 0.8  # of closing or tuck: people see it as done
MARGIN, NEARBY = 0.02, 0.06  # seconds around a phoneme in which its closure is right, or not false

Poses = NDArray[np.float64]  # (times, 5): jaw, width, closing, tuck, speech


@dataclass(frozen=True)
class Row:
    """One way of moving the mouth."""

    way: str
    closures: tuple[int, int]  # of p b m: reached, and how many there are
    tucks: tuple[int, int]  # of f v
    false_closures: int
    jaw: float  # correlation with the mouth that follows the true phonemes
    width: float
    roughness: float  # root mean square of the jaw's second difference at 25 frames a second


def poses(sound: Sound, visemes: Visemes | None) -> Poses:
    """The mouth's poses, RATE a second."""
    windows, history, rows = windows_of(sound, RATE), SoundHistory(), []
    times = windows.times(range(len(windows))).tolist()
    for frame, time in enumerate(times):
        history = add_window(history, windows.at([frame])[0])
        rows.append(astuple(pose_of(history, visemes, time)))
    return np.array(rows)


def measure(way: str, mouth: Poses, truth: Sequence[Phoneme], true_mouth: Poses) -> Row:
    """What the mouth did, against the phonemes that are spoken and the mouth that follows them."""
    closing, tucked = mouth[:, 2] > REACHED, mouth[:, 3] > REACHED
    closures = [phoneme for phoneme in truth if _has(phoneme, "closes")]
    steps = np.diff(mouth[:: int(RATE / 25), 0], 2)
    return Row(
        way=way,
        closures=_reached(closing, closures),
        tucks=_reached(tucked, [phoneme for phoneme in truth if _has(phoneme, "tucks")]),
        false_closures=_count_runs(closing & ~_near(closures, NEARBY, len(mouth))),
        jaw=_correlation(mouth[:, 0], true_mouth[:, 0]),
        width=_correlation(mouth[:, 1], true_mouth[:, 1]),
        roughness=float(np.sqrt(np.mean(steps**2))),
    )


def _has(phoneme: Phoneme, quality: str) -> bool:
    return any(getattr(SHAPES.get(letter), quality, False) for letter in phoneme.letters)


def _reached(done: NDArray[np.bool_], phonemes: Sequence[Phoneme]) -> tuple[int, int]:
    count = sum(bool(done[_near([one], MARGIN, len(done))].any()) for one in phonemes)
    return count, len(phonemes)


def _near(phonemes: Iterable[Phoneme], margin: float, count: int) -> NDArray[np.bool_]:
    times, near = np.arange(count) / float(RATE), np.zeros(count, np.bool_)
    for phoneme in phonemes:
        near |= (times >= phoneme.begin - margin) & (times <= phoneme.end + margin)
    return near


def _count_runs(values: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(np.diff(values.astype(int), prepend=0) == 1))


def _correlation(one: Poses, other: Poses) -> float:
    still = np.ptp(one) == 0 or np.ptp(other) == 0
    return 0.0 if still else float(np.corrcoef(one, other)[0, 1])
