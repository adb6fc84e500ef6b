"""SVOX Pico by the package py-nanotts: six languages, small, forty times as fast as it speaks.

It tells no times: the sound is aligned with its words.
"""

import importlib.util
import json
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from weakref import finalize

import numpy as np

from base.errors import EngineError, InputError
from speech.alignment import align
from speech.pronunciation import pronounce
from speech.speech import Samples, Speech
from speech.voice import VoiceSettings, choose_language
from speech.words import words_of

END_MARKS = (".", "!", "?", ",", ";", ":")  # without one it waits for more
TRIES = 2  # the process has a memory of what it spoke, and a new one may do better
RATE = 16_000
LANGUAGES = ("en-US", "en-GB", "de-DE", "es-ES", "fr-FR", "it-IT")
VOLUME = 0.4  # at 1 its loud vowels are cut off; the whole is normalised later
# Markup, which it obeys and by which it can crash; letters of which it has sounds
MARKUP = re.compile(r"[<>\\]")
LATIN = re.compile(r"[0-9A-Za-z\u00c0-\u024f]")
LONG_NUMBER = re.compile(r"(\d{18})(?=\d)")  # with more digits it fails


def load_voice(settings: VoiceSettings) -> "Pico":
    """EngineError where the package is missing, UsageError for another language."""
    language = choose_language(settings.language, LANGUAGES, "pico")
    if importlib.util.find_spec("py_nanotts") is None:
        raise EngineError(
            "--voice pico needs the package py-nanotts: run"
            " python -m pip install -r requirements.txt, or take another --voice"
        )
    return Pico(settings, language)


class Pico:
    """Speaks a sentence in one of its six languages."""

    def __init__(self, settings: VoiceSettings, language: str) -> None:
        self.language = language
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self, text: str) -> Speech:
        words = words_of(text)
        symbols = [pronounce(word, self.language) for word in words]
        return align(Speech(self.samples(text), RATE), words, symbols)

    def samples(self, text: str) -> Samples:
        words = LONG_NUMBER.sub(r"\1 ", MARKUP.sub(" ", text).replace("…", "..."))
        if not LATIN.search(words):
            raise InputError(
                f"the voice pico has no letters of {text[:30]!r}: take another --voice"
            )
        ended = words if words.rstrip().endswith(END_MARKS) else f"{words}."
        for _ in range(TRIES):
            if sound := self._ask(ended):
                return np.asarray(np.frombuffer(sound, "<i2") / 32768, np.float32)
        raise EngineError(f"the voice pico cannot speak {text[:30]!r}: write it in another way")

    def _ask(self, text: str) -> bytes:
        """The sound; nothing where the process ends over it."""
        if self._process is None:
            self._process = _start()
            finalize(self, _end, self._process)
        facts = {"voice": self.language, "volume": VOLUME}
        speed = {"speed": self._settings.rate, "pitch": self._settings.pitch}
        given, made = self._process.stdin, self._process.stdout
        assert given is not None and made is not None
        with suppress(BrokenPipeError):
            given.write(json.dumps({"text": text, **facts, **speed}).encode() + b"\n")
            given.flush()
            count = made.read(4)
            sound = made.read(int.from_bytes(count, "little"))
            if len(count) == 4 and len(sound) == int.from_bytes(count, "little"):
                return sound
        _end(self._process)
        self._process = None
        return b""


def _start() -> "subprocess.Popen[bytes]":
    words = [sys.executable, str(Path(__file__).with_name("pico_process.py"))]
    try:
        process = subprocess.Popen(  # noqa: S603  our own file
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError as error:
        raise EngineError(f"the voice pico cannot be started: {error.strerror}") from error
    return process


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Also where it has ended already."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()
