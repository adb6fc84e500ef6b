"""eSpeak NG by the package espeakng-loader: a hundred languages, and when each phoneme is spoken.

It is under the GPL-3, so it is no part of this program: it is imported where this voice, or one
that needs its phonemes, was chosen and the user has installed it.
"""

import ctypes
import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from base.errors import EngineError, InputError, UsageError
from base.phonemes import Phoneme
from speech.speech import Samples, Speech, Word
from speech.text import ABBREVIATIONS
from speech.voice import VoiceSettings
from speech.words import word_times, words_of

NEEDED = "needs the package espeakng-loader: run python -m pip install -r requirements-piper.txt"
SYNCHRONOUS, PHONEMES, IPA, DO_NOT_EXIT = 2, 1, 2, 0x8000  # of its init
UTF8, BY_CHARACTER, RATE_PARAMETER, PITCH_PARAMETER = 1, 1, 1, 3
PHONEME_EVENT = 7
WORDS_A_MINUTE, PITCH = 165, 50  # at rate 1 and pitch 1
PITCH_OCTAVE = 40  # of its pitch's hundred
LONG_PAUSE = 0.25  # seconds: the most of a clause's end that its last phoneme may last


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # characters, from 1 on
        ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("name", ctypes.c_char * 8),
    )


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)
_one_at_a_time = threading.Lock()  # the library has one state for the process


@dataclass(frozen=True)
class SpokenPhoneme:
    """A symbol of the IPA, empty in a pause, and the word it belongs to."""

    symbol: str
    begin: float  # seconds
    position: int  # of the word's first character in the text


@dataclass(frozen=True, eq=False)
class EspeakSpeech:
    """What the library made of a text."""

    samples: Samples
    rate: int
    phonemes: tuple[SpokenPhoneme, ...]


@lru_cache(maxsize=1)
def _library() -> tuple[ctypes.CDLL, int]:
    """The library, and its samples a second; EngineError where it is not installed."""
    try:
        import espeakng_loader  # type: ignore[import-not-found,import-untyped,unused-ignore]

        library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = str(espeakng_loader.get_data_path()).encode()
        rate = library.espeak_Initialize(SYNCHRONOUS, 0, data, PHONEMES | IPA | DO_NOT_EXIT)
    except ImportError as error:
        raise EngineError(f"--voice espeak or piper {NEEDED}") from error
    except (OSError, RuntimeError, AttributeError) as error:
        raise EngineError(f"espeak's library cannot be loaded; it {NEEDED}") from error
    if rate <= 0:
        raise EngineError(f"espeak does not start: its data are missing; it {NEEDED}")
    return library, rate


def check_language(language: str) -> str:
    """The name that the library has for it; UsageError where it has none."""
    library, _ = _library()
    names = [language.lower().replace("_", "-")]
    names += [names[0].split("-")[0]] * ("-" in names[0])
    with _one_at_a_time:
        for name in names:
            if library.espeak_SetVoiceByName(name.encode()) == 0:
                return name
    raise UsageError(f"--language {language}: espeak does not speak it")


def speak(text: str, settings: VoiceSettings, language: str) -> EspeakSpeech:
    """The text's sound and phonemes; the language is one that was checked."""
    library, rate = _library()
    pieces: list[Samples] = []
    phonemes: list[SpokenPhoneme] = []

    def receive(
        wave: "ctypes._Pointer[ctypes.c_short]", count: int, events: "ctypes._Pointer[_Event]"
    ) -> int:
        if count > 0:
            pieces.append(np.asarray(np.ctypeslib.as_array(wave, (count,)) / 32768, np.float32))
        phonemes.extend(_phonemes(events, rate))
        return 0

    content = text.encode()
    with _one_at_a_time:
        callback = _CALLBACK(receive)
        library.espeak_SetSynthCallback(callback)
        library.espeak_SetVoiceByName(language.encode())
        library.espeak_SetParameter(RATE_PARAMETER, round(WORDS_A_MINUTE * settings.rate), 0)
        library.espeak_SetParameter(PITCH_PARAMETER, _pitch(settings.pitch), 0)
        library.espeak_Synth(content, len(content) + 1, 0, BY_CHARACTER, 0, UTF8, None, None)
        library.espeak_Synchronize()
    samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
    return EspeakSpeech(samples, rate, tuple(phonemes))


def _pitch(pitch: float) -> int:
    return round(min(max(PITCH + PITCH_OCTAVE * math.log2(pitch), 0), 99))


def _phonemes(events: "ctypes._Pointer[_Event]", rate: int) -> Iterator[SpokenPhoneme]:
    """Up to the event that ends the list."""
    number = 0
    while events[number].type:
        event = events[number]
        if event.type == PHONEME_EVENT:
            symbol = event.name.decode("utf-8", "ignore")
            yield SpokenPhoneme(symbol, event.sample / rate, event.text_position - 1)
        number += 1


def for_espeak(words: Sequence[str]) -> tuple[str, ...]:
    """The words without the full stops of abbreviations, at which it would end a sentence."""
    return tuple(
        word[:-1] if word.endswith(".") and word[:-1].lower() in ABBREVIATIONS else word
        for word in words
    )


def word_numbers(words: Sequence[str], spoken: EspeakSpeech) -> list[int]:
    """For each phoneme the number of the word it belongs to; words were joined by spaces."""
    ends = np.cumsum([len(word) + 1 for word in words])
    positions = [phoneme.position for phoneme in spoken.phonemes]
    numbers = np.searchsorted(ends, positions, "right").clip(0, len(words) - 1)
    return [int(number) for number in np.maximum.accumulate(numbers)] if positions else []


class EspeakVoice:
    """Speaks a sentence by formants: robotic, with exact times."""

    def __init__(self, settings: VoiceSettings) -> None:
        self._settings = settings
        self.language = check_language(settings.language or "en-us")

    def __call__(self, text: str) -> Speech:
        words = words_of(text)
        plain = for_espeak(words)
        spoken = speak(" ".join(plain), self._settings, self.language)
        phonemes = _timed(spoken)
        if not phonemes:
            raise InputError(f"the voice espeak finds no word in {text[:30]!r}: take another text")
        pairs = zip(word_numbers(plain, spoken), spoken.phonemes, strict=True)
        numbers = [number for number, phoneme in pairs if phoneme.symbol]
        times = word_times(plain, phonemes, numbers)
        spoken_words = tuple(Word(w, *time) for w, time in zip(words, times, strict=True))
        return Speech(spoken.samples, spoken.rate, spoken_words, phonemes)


def _timed(spoken: EspeakSpeech) -> tuple[Phoneme, ...]:
    """Each phoneme until the next begins; pauses between them are left out."""
    end = len(spoken.samples) / spoken.rate
    begins = [*(min(phoneme.begin, end) for phoneme in spoken.phonemes), end]
    return tuple(
        Phoneme(phoneme.symbol, begin, max(after, begin))
        for phoneme, (begin, after) in zip(spoken.phonemes, pairwise(begins), strict=True)
        if phoneme.symbol
    )
