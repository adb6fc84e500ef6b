"""A voice that is a program of the user's: it gets the text of a sentence, and gives a WAV.

`command:PROGRAM WORDS`: no shell reads it. The program reads the text from its standard input, or
from the file that stands for `{text_file}`, and writes to its standard output, or into the file
that stands for `{wav}`. The text is never one of its words.
"""

import os
import selectors
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from base.errors import EngineError, UsageError
from base.text import one_line
from speech.alignment import align
from speech.pronunciation import UNKNOWN, pronounce, speaks
from speech.sound import read_wav
from speech.speech import Samples, Speech
from speech.voice import VoiceSettings
from speech.words import words_of

MOST_SECONDS = 120.0  # for a sentence
MOST_BYTES = 64 << 20  # of a sentence's WAV
MOST_WORDS_OF_ERROR = 200  # letters
BLOCK = 1 << 16


class CommandVoice:
    """Speaks a sentence by starting the program once."""

    def __init__(self, settings: VoiceSettings, most_seconds: float = MOST_SECONDS) -> None:
        self.language = settings.language or "en"
        self._words = program_words(settings.argument)
        self._most_seconds = most_seconds

    def __call__(self, text: str) -> Speech:
        words = words_of(text)
        samples, rate = self._sound(text)
        known = speaks(self.language)
        symbols = [pronounce(word, self.language) if known else (UNKNOWN,) for word in words]
        try:
            return align(Speech(samples, rate), words, symbols)
        except ValueError as error:
            raise EngineError(f"{self._name} gave no sound that can be used: {error}") from error

    @property
    def _name(self) -> str:
        return f"--voice command: {Path(self._words[0]).name}"

    def _sound(self, text: str) -> tuple[Samples, int]:
        with TemporaryDirectory(prefix="lipsync-voice-") as folder:
            text_file, wav = Path(folder, "text.txt"), Path(folder, "spoken.wav")
            text_file.write_text(text, "utf-8")
            places = {
                "{text_file}": str(text_file),
                "{wav}": str(wav),
                "{language}": self.language,
            }
            output = self._run(filled(self._words, places), text_file)
            if any("{wav}" in word for word in self._words):
                output = self._content(wav)
        try:
            return read_wav(output)
        except ValueError as error:
            what = "printed nothing" if not output else "gave something else than a WAV"
            raise EngineError(f"{self._name} {what} for {text[:30]!r}") from error

    def _content(self, wav: Path) -> bytes:
        try:
            with wav.open("rb") as file:
                return file.read(MOST_BYTES)
        except OSError as error:
            raise EngineError(f"{self._name} wrote no {{wav}}: {error.strerror}") from error

    def _run(self, words: Sequence[str], text_file: Path) -> bytes:
        """What the program prints; it and what it started are gone when this returns."""
        errors = text_file.with_name("errors.txt")
        with text_file.open("rb") as given, errors.open("wb") as told:
            try:
                process = subprocess.Popen(  # noqa: S603  the user names it, and no shell reads it
                    words, stdin=given, stdout=subprocess.PIPE, stderr=told, start_new_session=True
                )
            except (OSError, ValueError) as error:
                raise EngineError(f"{self._name} cannot be started: {error}") from error
            try:
                assert process.stdout is not None
                output = self._read(process.stdout, time.monotonic() + self._most_seconds)
                code = process.wait(self._most_seconds)
            except subprocess.TimeoutExpired as error:
                raise self._too_slow() from error
            finally:
                _end(process)
        if code != 0:
            raise EngineError(f"{self._name} ended with {code}: {_last_line(errors)}")
        return output

    def _read(self, pipe: IO[bytes], deadline: float) -> bytes:
        """All that comes out of the pipe; EngineError where that is too much, or takes too long."""
        output = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while selector.select(max(deadline - time.monotonic(), 0)):
                block = os.read(pipe.fileno(), BLOCK)
                if not block:
                    return bytes(output)
                output += block
                if len(output) > MOST_BYTES:
                    raise EngineError(f"{self._name} printed more than {MOST_BYTES >> 20} MB")
                if time.monotonic() > deadline:
                    break
        raise self._too_slow()

    def _too_slow(self) -> EngineError:
        return EngineError(f"{self._name} took more than {self._most_seconds:g} s for a sentence")


def program_words(line: str) -> tuple[str, ...]:
    """The program and its words; UsageError where it is no such line, or there is no program."""
    try:
        words = tuple(shlex.split(line))
    except ValueError as error:
        raise UsageError(f"--voice command: {error}") from error
    if not words or "\0" in line:
        raise UsageError("--voice command: names no program")
    if shutil.which(words[0]) is None:
        raise EngineError(f"--voice command: {words[0]!r}: there is no such program")
    return words


def filled(words: Sequence[str], places: Mapping[str, str]) -> list[str]:
    """The words with what stands for each place."""
    result = []
    for word in words:
        for place, value in places.items():
            word = word.replace(place, value)  # values hold no place: none is filled twice
        result.append(word)
    return result


def _end(process: "subprocess.Popen[bytes]") -> None:
    """The program with all that it has started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _last_line(path: Path) -> str:
    """Of what the program told."""
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(file.tell() - 4 * MOST_WORDS_OF_ERROR, 0))
        lines = file.read().decode("utf-8", "replace").strip().splitlines()
    return one_line(lines[-1])[-MOST_WORDS_OF_ERROR:] if lines else "it told nothing"
