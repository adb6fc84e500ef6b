"""Tracks of phonemes: their symbols, and files that hold none."""

import json

import pytest

from audio.phonemes import MOST_BYTES, read_phonemes
from base.errors import InputError
from base.phonemes import Phoneme
from tests.cases import each

TRACK = [["b", 0.12, 0.18], ["ˈaɪ", 0.18, 0.3]]


def letters(symbol):
    return Phoneme(symbol, 0, 1).letters


@each(
    ("symbol", "expected"),
    [
        ("b", "b"),
        ("ˈiː", "i"),
        ("t͡ʃ", "tʃ"),
        ("CH", "tʃ"),
        ("AY1", "aɪ"),
        ("aɪ", "aɪ"),
        ("AH0", "ʌ"),
        ("hh", "h"),
        ("ç", "c"),
        ("n̩", "n"),
        ("tʰ", "t"),
        ("̪", "ʔ"),
    ],
)
def test_symbols_of_both_alphabets_are_letters_without_marks(symbol, expected):
    assert letters(symbol) == tuple(expected)


@pytest.mark.parametrize("symbol", ["", "sil", "SIL", "_:", "pau", "<eps>", " sp "])
def test_silence_has_no_letters(symbol):
    assert letters(symbol) == ()


def test_what_is_no_letter_is_kept_for_the_notice():
    assert letters("?!") == ("?!",)
    assert letters("<unk>") == ("<unk>",)
    assert letters("SPN") == ("S", "P", "N")


@pytest.mark.parametrize("as_object", [False, True])
def test_a_list_and_objects_are_the_same_track(tmp_path, as_object):
    file = tmp_path / "track.json"
    keys = ("phoneme", "begin", "end")
    objects = {"phonemes": [dict(zip(keys, row, strict=True)) for row in TRACK], "text": "by"}
    file.write_text(json.dumps(objects if as_object else TRACK))
    assert read_phonemes(file) == tuple(Phoneme(*row) for row in TRACK)


def test_times_may_overlap_by_what_was_rounded(tmp_path):
    file = tmp_path / "track.json"
    file.write_text(json.dumps([["a", 0, 0.1 + 0.2], ["b", 0.3, 1]]))
    assert len(read_phonemes(file)) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("phonemes: b", "not JSON"),
        ("\ud800", "not JSON"),
        ("[" * 100_000, "too deep"),
        ("3", "no list"),
        ("{}", "no list"),
        ('{"phonemes": {}}', "no list"),
        ("[]", "empty"),
        ('["b"]', "'b' is not a phoneme"),
        ('[["b", 1]]', "is not a phoneme"),
        ("[[7, 1, 2]]", "is not a phoneme"),
        ('[{"phoneme": "b", "begin": 1}]', "no number"),
        ('[["b", "1", 2]]', "no number"),
        ('[["b", true, 2]]', "no number"),
        ('[["b", NaN, 2]]', "no number"),
        ('[["b", 0, Infinity]]', "no number"),
        (f'[["b", 0, 1{"0" * 400}]]', "no number"),
        ('[["b", -1, 2]]', "no possible time"),
        ('[["b", 2, 1]]', "no possible time"),
        ('[["b", 0, 2], ["a", 1, 3]]', "before 'b' from 0 to 2 s has ended"),
        ('[["b", 2, 3], ["a", 0, 1]]', "has ended"),
        (f'["{"x" * 5000}"]', "is not a phoneme"),
    ],
)
def test_a_damaged_track_is_one_line(tmp_path, text, words):
    file = tmp_path / "track.json"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError) as caught:
        read_phonemes(file)
    line = str(caught.value)
    assert words in line and "track.json" in line and "\n" not in line and len(line) < 400


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path):
    file = tmp_path / "track.json"
    with file.open("wb") as out:
        out.truncate(100 << 20)
    with pytest.raises(InputError, match=f"more than {MOST_BYTES >> 20} MB"):
        read_phonemes(file)


@pytest.mark.parametrize("name", ["none.json", ".", "a\0b", "n" * 300])
def test_a_name_of_no_file_is_one_line(tmp_path, name):
    with pytest.raises(InputError):
        read_phonemes(tmp_path / name)


@pytest.mark.parametrize("times", [(-1, 2), (2, 1), (float("nan"), 1), (0, float("inf"))])
def test_a_phoneme_at_no_possible_time_is_refused(times):
    with pytest.raises(ValueError, match="no possible time"):
        Phoneme("a", *times)
