"""The scorers of spoken words."""

import numpy as np
import pytest

from base.phonemes import Phoneme
from benchmarks.voices.hearing import plain_words, wrong_words
from benchmarks.voices.judge import errors
from speech.speech import Speech, Word


@pytest.mark.parametrize(
    ("heard", "wrong"),
    [("a b c", 0), ("a c", 1), ("a x c", 1), ("a b c d", 1), ("", 3), ("c b a", 2)],
)
def test_wrong_words_are_counted(heard, wrong):
    assert wrong_words(["a", "b", "c"], heard.split()) == wrong


def test_numbers_are_the_words_that_are_said():
    said = "dr. smith paid three dollars for 1984."
    assert plain_words("Dr. Smith paid $3 for nineteen eighty four") == plain_words(said)


def test_starts_are_compared_where_both_have_the_sound():
    speech = Speech(
        np.zeros(16_000, np.float32),
        16_000,
        (Word("map", 0.1, 0.5),),
        (Phoneme("m", 0.1, 0.2), Phoneme("æ", 0.2, 0.4), Phoneme("t", 0.4, 0.5)),
    )
    words, phonemes = errors(speech, [[("m", 0.08), ("æ", 0.25), ("p", 0.4)]])
    assert words == pytest.approx([0.02])
    assert [name for name, _ in phonemes] == ["m", "æ"]
    assert [late for _, late in phonemes] == pytest.approx([0.02, -0.05])
