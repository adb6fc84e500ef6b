"""Known words are found in their sound; a text that nobody spoke there is refused."""

import sys
from pathlib import Path

import numpy as np
import pytest

from audio.load import load_sound
from base.errors import EngineError, InputError
from base.phonemes import check_order
from speech.speech import check_words
from speech.transcript import align, check_aligner, display_words, read_transcript
from tests.slow import slow

DEMO = Path(__file__).parent.parent.parent / "demo"
TEXT = (DEMO / "speech.txt").read_text()


def test_a_package_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(EngineError, match=r"needs the package pocketsphinx: .*requirements-align"):
        check_aligner()


@pytest.fixture(scope="module")
def sound():
    pytest.importorskip("pocketsphinx", reason="requirements-align.txt is not installed")
    return load_sound(DEMO / "speech.m4a").samples


@pytest.fixture(scope="module")
def aligned(sound):
    return align(sound, TEXT)


def test_every_word_is_found_where_it_is_spoken(aligned):
    words, phonemes = aligned
    check_words(words)
    check_order(phonemes)
    assert " ".join(word.text for word in words).split() == TEXT.split()
    starts = {word.text: word.start for word in words}
    expected = {"Hello.": 0.0, "photograph.": 2.11, "Now": 3.12, "sound:": 4.24, "rests": 8.61}
    assert {text: starts[text] for text in expected} == pytest.approx(expected, abs=0.1)


def test_lips_that_close_are_among_the_phonemes(aligned):
    words, phonemes = aligned
    mouth = next(word for word in words if word.text == "mouth")
    spoken = [p.symbol for p in phonemes if mouth.start <= p.begin < mouth.end]
    assert spoken == ["M", "AW", "TH"]


def test_a_word_in_no_dictionary_is_spelled_out(sound):
    words, phonemes = align(sound, TEXT.replace("photograph", "fotograf"))
    assert "fotograf." in [word.text for word in words]
    check_order(phonemes)


@pytest.mark.slow
def test_a_long_sound_is_aligned_piece_by_piece(sound):
    times = 5
    pause = np.zeros(8_000, np.float32)
    long = np.concatenate([part for _ in range(times) for part in (sound, pause)])
    words, _ = align(long, " ".join([TEXT] * times))
    once, _ = align(sound, TEXT)
    length = (len(sound) + len(pause)) / 16_000
    assert len(words) == times * len(once)
    for number, word in enumerate(words):
        turn, place = divmod(number, len(once))
        assert word.start == pytest.approx(turn * length + once[place].start, abs=0.1), word


@pytest.mark.parametrize(
    "text",
    [
        "The quick brown fox jumps over the lazy dog, and then he goes home because it is late.",
        slow(" ".join(reversed(TEXT.split()))),
        slow(f"{TEXT} This sentence is spoken nowhere at all in that sound."),
        "你好 世界",
    ],
    ids=("other", "reversed", "more", "no English"),
)
def test_words_that_are_not_in_the_sound_are_an_error(sound, text):
    with pytest.raises(InputError, match="--transcript: "):
        align(sound, text)


def test_marks_that_stand_alone_belong_to_the_word_before():
    assert display_words("— Well , yes … no") == ["—", "Well ,", "yes …", "no"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no words in it"),
        (b" \n --- \n", "no words in it"),
        (b"caf\xe9", "it is not UTF-8"),
        (b"a" * (5 << 20) + b"a", "more than 5 MB"),
    ],
)
def test_a_file_without_a_text_is_refused(tmp_path, content, words):
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_transcript(path)


def test_a_file_that_is_not_there_or_no_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_transcript(tmp_path / "none.txt")
    with pytest.raises(InputError, match="not a regular file"):
        read_transcript(tmp_path)
    with pytest.raises(InputError, match="no transcript"):
        read_transcript(Path("a\0b"))


def test_a_mark_of_byte_order_is_no_word(tmp_path):
    (tmp_path / "text.txt").write_bytes(b"\xef\xbb\xbfHello")
    assert read_transcript(tmp_path / "text.txt") == "Hello"
