"""A script spoken sentence by sentence into a file of sound, with a file of its words' times."""

import json
import wave
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from base.errors import InputError
from base.phonemes import Phoneme
from speech.loudness import RATE, LoudnessMeter, gain_to_target, limited
from speech.sound import resampled, silence, trimmed
from speech.speech import Samples, Speech, Word
from speech.text import Script
from speech.voice import Voice

SENTENCE_PAUSE, PARAGRAPH_PAUSE = 0.35, 0.8  # seconds behind each
MOST_SECONDS = 12 * 3600
START, END = 0.1, 0.25  # seconds of silence before the first sentence and behind the last


@dataclass(frozen=True)
class Narration:
    """Spoken text as files."""

    sound: Path  # WAV, mono, 48 kHz
    track: Path  # JSON: words and phonemes with their times


@dataclass
class _Track:
    """What has been spoken so far."""

    samples: int = 0

    def __post_init__(self) -> None:
        self.words: list[Word] = []
        self.phonemes: list[Phoneme] = []
        self.pieces: list[int] = []  # samples of each piece of the sound
        self.meter = LoudnessMeter()

    def add(self, speech: Speech) -> None:
        start, end = self.samples / RATE, (self.samples + len(speech.samples)) / RATE
        for word in speech.words:
            self.words.append(Word(word.text, start + word.start, min(start + word.end, end)))
        for p in speech.phonemes:
            self.phonemes.append(Phoneme(p.symbol, start + p.begin, min(start + p.end, end)))
        self.add_sound(speech.samples)

    def add_sound(self, samples: Samples) -> None:
        self.samples += len(samples)
        self.pieces.append(len(samples))
        self.meter.add(samples)

    def as_json(self) -> dict[str, list[dict[str, str | float]]]:
        phonemes = [(p.symbol, p.begin, p.end) for p in self.phonemes]
        words = [(word.text, word.start, word.end) for word in self.words]
        return {
            "words": [_entry("word", *word) for word in words],
            "phonemes": [_entry("phoneme", *phoneme) for phoneme in phonemes],
        }


def _entry(name: str, text: str, begin: float, end: float) -> dict[str, str | float]:
    return {name: text, "begin": round(begin, 4), "end": round(end, 4)}


def narrate(script: Script, voice: Voice, folder: Path, max_seconds: float = 0) -> Narration:
    """Speak the script into two files in the folder; its sound is never in memory as a whole.

    InputError for one that lasts longer than `max_seconds`; 0: than a WAV can hold.
    """
    most = min(max_seconds or MOST_SECONDS, MOST_SECONDS)
    raw, sound, track = (folder / name for name in ("spoken.raw", "spoken.wav", "spoken.json"))
    spoken = _Track()
    with raw.open("w+b") as file:
        for speech in _with_pauses(script, voice):
            file.write(speech.samples.tobytes())
            spoken.add(speech)
            if spoken.samples > most * RATE:
                raise InputError(
                    f"the text lasts longer than --max_seconds {most:g} allows:"
                    " shorten it, or raise --max_seconds (0: no limit)"
                )
        file.seek(0)
        _write_wav(sound, file, spoken)
    raw.unlink()
    track.write_text(json.dumps(spoken.as_json(), ensure_ascii=False), "utf-8")
    return Narration(sound, track)


def _with_pauses(script: Script, voice: Voice) -> Iterator[Speech]:
    yield silence(START, RATE)
    pause = 0.0
    for sentence, ends_paragraph in script.sentences():
        yield silence(pause, RATE)
        yield resampled(trimmed(voice(sentence)), RATE)
        pause = PARAGRAPH_PAUSE if ends_paragraph else SENTENCE_PAUSE
    yield silence(END, RATE)


def _write_wav(path: Path, raw: BinaryIO, spoken: _Track) -> None:
    """The sound at its normal loudness; pieces begin and end in silence."""
    gain = np.float32(gain_to_target(spoken.meter.lufs()))
    with closing(wave.open(str(path), "wb")) as file:
        file.setparams((1, 2, RATE, spoken.samples, "NONE", ""))
        for length in spoken.pieces:
            samples = np.frombuffer(raw.read(4 * length), np.float32)
            if length:
                file.writeframes(_as_int16(limited(samples * gain)))


def _as_int16(samples: Samples) -> bytes:
    return bytes(np.round(samples.clip(-1, 1) * 32767).astype("<i2").tobytes())
