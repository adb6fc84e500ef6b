"""A file of spoken words and phonemes with their times, as JSON."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from base.errors import InputError
from base.phonemes import MOST_SECONDS, Phoneme
from base.text import read_json
from speech.speech import Word

MOST_BYTES = 32 << 20
WAY_OUT = 'give a text, or JSON such as {"words": [{"word": "Hello", "begin": 0.12, "end": 0.5}]}'


@dataclass(frozen=True)
class SpokenWords:
    """What is spoken, and when."""

    words: tuple[Word, ...] = ()
    phonemes: tuple[Phoneme, ...] = ()
    language: str = ""  # two letters, where it is known

    def as_json(self) -> str:
        """As `read_words` and --visemes read it."""
        words = [(word.text, word.start, word.end) for word in self.words]
        phonemes = [(p.symbol, p.begin, p.end) for p in self.phonemes]
        return json.dumps(
            {
                "language": self.language,
                "words": _entries("word", words),
                "phonemes": _entries("phoneme", phonemes),
            },
            ensure_ascii=False,
        )


def is_track(path: Path) -> bool:
    """Whether a transcript of this name has its words' times."""
    return path.suffix.lower() == ".json"


def read_words(path: Path) -> SpokenWords:
    """The words of a track, without its phonemes; InputError for a file that has none."""
    try:
        content = _content(path)
        entries = content.get("words")
        if not isinstance(entries, list):
            raise ValueError("it holds no list of words")
        words = sorted(map(_word, entries), key=lambda word: word.start)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(
            f"{str(path)!r}: cannot be read: {reason}; name another --transcript"
        ) from error
    except ValueError as error:  # a name with a null among them
        raise InputError(f"{str(path)!r}: no track of words: {error}; {WAY_OUT}") from error
    language = content.get("language")
    return SpokenWords(tuple(words), (), language if isinstance(language, str) else "")


def _entries(name: str, spans: Iterable[tuple[str, float, float]]) -> list[dict[str, Any]]:
    return [{name: text, "begin": round(b, 4), "end": round(e, 4)} for text, b, e in spans]


def _content(path: Path) -> dict[str, Any]:
    content = read_json(path, MOST_BYTES)
    if not isinstance(content, dict):
        raise ValueError("it holds no list of words")
    return content


def _word(entry: Any) -> Word:  # noqa: ANN401  whatever JSON holds
    values = [entry.get(key) for key in ("word", "begin", "end")] if isinstance(entry, dict) else []
    text, *times = values or (None,)
    if not isinstance(text, str):
        raise ValueError(f"{ascii(entry)[:60]} is not a word with its begin and end")
    return Word(text, *(_seconds(time, entry) for time in times))


def _seconds(value: Any, entry: Any) -> float:  # noqa: ANN401  whatever JSON holds
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and 0 <= value <= MOST_SECONDS):  # NaN neither
        raise ValueError(f"{ascii(entry)[:60]} has a time that is no number of seconds")
    return float(value)
