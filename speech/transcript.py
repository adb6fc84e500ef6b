"""When the words of a known text are spoken in a sound, and their phonemes: English.

The network and the dictionary are those of the optional package pocketsphinx.
"""

import importlib.util
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from base.errors import EngineError, InputError
from base.loudness import RATE, Samples, pieces
from base.phonemes import ARPABET, Phoneme
from base.text import read_small
from speech.counting import in_words
from speech.pronunciation import PARTS, SAID, pronounce
from speech.speech import Word

INSTALL = "run python -m pip install -r requirements-align.txt"
LANGUAGE = "en"
MOST_BYTES = 5 << 20
FRAMES = 100  # a second
SHORTEST_PIECE, LONGEST_PIECE = 20, 30  # seconds: memory grows with the square of a piece's length
FASTEST = 6.0  # words a second
BAD_FIT = -48.0  # mean score of a frame: -20 to -30 where a text is right, below -55 where not
NO_WORD = re.compile(r"[<\[+(]")  # silence, a breath
SYMBOLS = {"".join(symbols): phone for phone, symbols in ARPABET.items()}
PHONES = {
    *("AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH"),
    *("IH", "IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH"),
    *("UH", "UW", "V", "W", "Y", "Z", "ZH"),
}


@dataclass(frozen=True)
class TextWord:
    """A word as the text has it, and the dictionary's words that are spoken for it."""

    text: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Heard:
    """A word of the dictionary where it was found."""

    phonemes: tuple[Phoneme, ...]
    score: float  # of all its frames together


def check_aligner() -> None:
    """EngineError where the package is not installed."""
    if importlib.util.find_spec("pocketsphinx") is None:
        raise EngineError(f"--transcript needs the package pocketsphinx: {INSTALL}")


def read_transcript(path: Path) -> str:
    """The text of a file; InputError for one without words."""
    name = repr(str(path))
    try:
        text = read_small(path, MOST_BYTES).decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{name}: cannot be read: {reason}; name another --transcript") from error
    except ValueError as error:  # text in another encoding, a name with a null
        reason = "it is not UTF-8" if isinstance(error, UnicodeError) else str(error)
        raise InputError(f"{name}: no transcript: {reason}; give a plain text") from error
    if not any(map(str.isalnum, text)):
        raise InputError(f"{name}: no words in it; give the text that is spoken")
    return text


def align(samples: Samples, text: str) -> tuple[tuple[Word, ...], tuple[Phoneme, ...]]:
    """When each word and phoneme of the text is spoken; `samples` are 16 kHz mono.

    InputError where the text is not what is spoken.
    """
    aligner = _Aligner()
    spoken = [TextWord(word, aligner.keys(word)) for word in display_words(text)]
    keys = [key for word in spoken for key in word.keys]
    if not keys:
        raise InputError("--transcript: no English words in it: only these can be aligned")
    heard = list(aligner.find(samples, keys))
    frames = sum(p.end - p.begin for word in heard for p in word.phonemes) * FRAMES
    if len(heard) != len(keys) or sum(word.score for word in heard) < BAD_FIT * frames:
        raise _other_words()
    phonemes = tuple(phoneme for word in heard for phoneme in word.phonemes)
    return tuple(_timed(spoken, heard)), phonemes


def display_words(text: str) -> list[str]:
    """The text's words with their punctuation; what stands alone goes to the word before."""
    words: list[str] = []
    for part in text.split():
        if words and not any(map(str.isalnum, part)):
            words[-1] += f" {part}"
        else:
            words.append(part)
    return words


def _other_words() -> InputError:
    return InputError(
        "--transcript: its words are not those of the sound; give what is spoken, in English"
    )


def _timed(spoken: Sequence[TextWord], heard: Sequence[Heard]) -> Iterator[Word]:
    """The text's words; one that nothing is spoken for is where the one before it ends."""
    done, last_end = 0, 0.0
    for word in spoken:
        own = heard[done : done + len(word.keys)]
        done += len(word.keys)
        start = own[0].phonemes[0].begin if own else last_end
        last_end = own[-1].phonemes[-1].end if own else last_end
        yield Word(word.text, start, last_end)


class _Aligner:
    """pocketsphinx with its English network, and with the words that are asked for."""

    def __init__(self) -> None:
        check_aligner()
        from pocketsphinx import Decoder  # type: ignore[import-not-found,import-untyped,unused-ignore]

        # the best path through the lattice may have phonemes too short for the second pass
        options = {"loglevel": "FATAL", "backtrace": False, "bestpath": False}
        self._decoder: Any = Decoder(samprate=float(RATE), **options)
        self._added: dict[str, str] = {}  # by the part of a text

    def keys(self, word: str) -> tuple[str, ...]:
        """The dictionary's words for a word of the text; new ones are added to it."""
        keys = []
        for part in PARTS.findall(word):
            lower = part.lower().replace("’", "'")  # noqa: RUF001
            said = in_words(part) if part[0].isdigit() else SAID.get(lower, lower)
            keys += [key for name in said.split() if (key := self._key(name))]
        return tuple(keys)

    def find(self, samples: Samples, keys: Sequence[str]) -> Iterator[Heard]:
        """The words one after another; fewer where they are not found."""
        parts = list(pieces(samples, SHORTEST_PIECE, LONGEST_PIECE))
        for first, piece in parts[:-1]:
            begun = keys[: self._count_spoken(piece, keys)]
            yield from _shifted(self._aligned(piece, begun), first / RATE)
            keys = keys[len(begun) :]
        first, piece = parts[-1]
        yield from _shifted(self._aligned(piece, keys), first / RATE)

    def _key(self, name: str) -> str | None:
        """The name of a word in the dictionary; none for one that cannot be said."""
        if self._decoder.lookup_word(name) is not None:
            return name
        if name not in self._added:
            phones = [SYMBOLS.get(symbol, "") for symbol in pronounce(name, LANGUAGE)]
            known = [phone for phone in phones if phone in PHONES]
            self._added[name] = f"_{len(self._added)}" if known else ""
            if known:
                self._decoder.add_word(self._added[name], " ".join(known), True)
        return self._added[name] or None

    def _count_spoken(self, piece: Samples, keys: Sequence[str]) -> int:
        """How many of the words are spoken in this piece."""
        most = min(len(keys), int(FASTEST * len(piece) / RATE) + 1)
        words = [(at, at + 1, 0.5, keys[at]) for at in range(most)]
        ends = [(at, most + 1, 0.5) for at in range(most + 1)]
        self._decoder.add_fsg("piece", self._decoder.create_fsg("piece", 0, most + 1, words + ends))
        self._decoder.activate_search("piece")
        self._hear(piece)
        return sum(not NO_WORD.match(part.word) for part in self._decoder.seg() or ())

    def _aligned(self, piece: Samples, keys: Sequence[str]) -> Iterator[Heard]:
        """All of the words, and in a second pass their phonemes; none where they are not heard."""
        if not keys:
            return
        self._decoder.set_align_text(" ".join(keys))
        self._hear(piece)
        if self._decoder.hyp() is None:
            return
        self._decoder.set_alignment()
        try:
            self._hear(piece)
        except RuntimeError:  # words that no part of the sound can be
            return
        for word in self._decoder.get_alignment() or ():
            if NO_WORD.match(word.name):
                continue
            phones = [p for p in word if p.name in PHONES]
            times = ((p.start / FRAMES, (p.start + p.duration) / FRAMES) for p in phones)
            phonemes = (Phoneme(p.name, *t) for p, t in zip(phones, times, strict=True))
            yield Heard(tuple(phonemes), float(sum(p.score for p in phones)))

    def _hear(self, piece: Samples) -> None:
        data = (np.clip(piece, -1, 1) * 32767).astype("<i2").tobytes()
        self._decoder.start_utt()
        self._decoder.process_raw(data, full_utt=True)
        self._decoder.end_utt()


def _shifted(found: Sequence[Heard] | Iterator[Heard], by: float) -> Iterator[Heard]:
    for word in found:
        moved = (Phoneme(p.symbol, p.begin + by, p.end + by) for p in word.phonemes)
        yield Heard(tuple(moved), word.score)
