"""The JSON file that a track of phonemes is read from."""

from pathlib import Path
from typing import Any

from base.errors import InputError
from base.phonemes import MOST_SECONDS, Phoneme, check_order
from base.text import read_json

MOST_BYTES = 32 << 20  # six hours of speech take half of it
WAY_OUT = 'give JSON such as {"phonemes": [{"phoneme": "b", "begin": 0.12, "end": 0.18}]}'


def read_phonemes(path: Path) -> tuple[Phoneme, ...]:
    """The phonemes of a file, one after another; InputError for a file that has none."""
    name = repr(str(path))
    try:
        phonemes = tuple(map(_phoneme, _entries(read_json(path, MOST_BYTES))))
        check_order(phonemes)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{name}: cannot be read: {reason}; name another --visemes") from error
    except ValueError as error:  # a name with a null among them
        raise InputError(f"{name}: no track of phonemes: {error}; {WAY_OUT}") from error
    return phonemes


def _entries(content: Any) -> list[Any]:  # noqa: ANN401  whatever JSON holds
    entries = content.get("phonemes") if isinstance(content, dict) else content
    if not isinstance(entries, list):
        raise ValueError("it holds no list of phonemes")
    if not entries:
        raise ValueError("its list of phonemes is empty")
    return entries


def _phoneme(entry: Any) -> Phoneme:  # noqa: ANN401  whatever JSON holds
    if isinstance(entry, dict):
        values = [entry.get(key) for key in ("phoneme", "begin", "end")]
    else:
        values = entry if isinstance(entry, list) else []
    if len(values) != 3 or not isinstance(values[0], str):
        raise ValueError(f"{_excerpt(entry)} is not a phoneme with its begin and end")
    times = [_seconds(value, entry) for value in values[1:]]
    return Phoneme(values[0], times[0], times[1])


def _seconds(value: Any, entry: Any) -> float:  # noqa: ANN401  whatever JSON holds
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and abs(value) <= MOST_SECONDS):  # NaN neither
        raise ValueError(f"{_excerpt(entry)} has a time that is no number of seconds")
    return float(value)


def _excerpt(entry: Any) -> str:  # noqa: ANN401  whatever JSON holds
    text = ascii(entry)
    return text if len(text) <= 60 else f"{text[:57]}..."
