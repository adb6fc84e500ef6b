"""Spoken text: its sound, and when each word and each phoneme of it is spoken."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from base.phonemes import MOST_SECONDS, ROUNDING, Phoneme, check_order

Samples = NDArray[np.float32]  # (samples,), full scale is -1..1

LOWEST_RATE, HIGHEST_RATE = 4_000, 384_000  # samples a second


@dataclass(frozen=True)
class Word:
    """A word as the text has it, and when it is spoken, in seconds."""

    text: str
    start: float
    end: float

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end <= MOST_SECONDS:
            raise ValueError(f"{self.text[:20]!r} is spoken from {self.start:g} to {self.end:g} s")


@dataclass(frozen=True, eq=False)
class Speech:
    """A sound, mono and read-only, with its words and phonemes, each in the order of time."""

    samples: Samples
    rate: int  # samples a second
    words: tuple[Word, ...] = ()
    phonemes: tuple[Phoneme, ...] = ()

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or self.samples.dtype != np.float32:
            raise ValueError(f"not mono float32: {self.samples.dtype}{self.samples.shape}")
        if not np.isfinite(self.samples).all():
            raise ValueError("a speech with samples that are NaN or infinite")
        if not LOWEST_RATE <= self.rate <= HIGHEST_RATE:
            raise ValueError(f"{self.rate} samples a second")
        check_words(self.words)
        check_order(self.phonemes)
        self._check_end()
        view = self.samples.view()
        view.flags.writeable = False
        object.__setattr__(self, "samples", view)

    def _check_end(self) -> None:
        ends = [*(word.end for word in self.words[-1:]), *(p.end for p in self.phonemes[-1:])]
        if max(ends, default=0.0) > self.duration + ROUNDING:
            raise ValueError(f"words until {max(ends):g} s of {float(self.duration):g} s")

    @property
    def duration(self) -> Fraction:
        """Seconds."""
        return Fraction(len(self.samples), self.rate)


def check_words(words: Sequence[Word]) -> None:
    """ValueError where one starts before the one before it has ended."""
    for before, word in pairwise(words):
        if word.start < before.end - ROUNDING:
            raise ValueError(f"{word.text[:20]!r} starts before {before.text[:20]!r} has ended")
