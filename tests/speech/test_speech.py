"""What a Speech and its words promise."""

from fractions import Fraction

import numpy as np
import pytest

from base.phonemes import Phoneme
from speech.speech import Speech, Word

SECOND = np.zeros(16_000, np.float32)


def test_a_speech_knows_its_length_and_cannot_be_changed():
    speech = Speech(SECOND, 16_000, (Word("hello", 0.1, 0.5), Word("you", 0.5, 0.9)))
    assert speech.duration == Fraction(1)
    with pytest.raises(ValueError, match="read-only"):
        speech.samples[0] = 1


@pytest.mark.parametrize(
    ("samples", "rate", "words", "phonemes"),
    [
        (SECOND.astype(np.float64), 16_000, (), ()),
        (SECOND.reshape(2, -1), 16_000, (), ()),
        (np.full(10, np.nan, np.float32), 16_000, (), ()),
        (SECOND, 1, (), ()),
        (SECOND, 16_000, (Word("late", 0.9, 1.1),), ()),
        (SECOND, 16_000, (Word("two", 0.5, 0.9), Word("one", 0.1, 0.4)), ()),
        (SECOND, 16_000, (), (Phoneme("a", 0.9, 1.1),)),
        (SECOND, 16_000, (), (Phoneme("a", 0.5, 0.9), Phoneme("b", 0.1, 0.4))),
    ],
)
def test_what_is_no_speech_is_refused(samples, rate, words, phonemes):
    with pytest.raises(ValueError):
        Speech(samples, rate, words, phonemes)


@pytest.mark.parametrize(("start", "end"), [(-0.1, 1), (2, 1), (0, float("nan")), (0, 1e9)])
def test_a_word_has_possible_times(start, end):
    with pytest.raises(ValueError, match="is spoken"):
        Word("word", start, end)
