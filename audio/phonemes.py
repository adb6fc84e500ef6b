"""When each phoneme of a speech is spoken: a track, and the JSON file that it is read from."""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from base.errors import InputError

MOST_BYTES = 32 << 20  # six hours of speech take half of it
MOST_SECONDS = 1e6
ROUNDING = 0.001  # seconds by which a phoneme may begin before the one before it has ended
WAY_OUT = 'give JSON such as {"phonemes": [{"phoneme": "b", "begin": 0.12, "end": 0.18}]}'

SILENCES = {"", "_", "_:", "|", "#", "h#", "sil", "<sil>", "sp", "<sp>", "pau", "<eps>", "silence"}
NO_SHAPE = "ʔ"  # a sound for which the lips do nothing
ARPABET = {
    **{"AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "aʊ", "AX": "ə", "AXR": "ɚ", "AY": "aɪ"},
    **{"EH": "ɛ", "ER": "ɝ", "EY": "eɪ", "IH": "ɪ", "IX": "ɨ", "IY": "i", "OW": "oʊ", "OY": "ɔɪ"},
    **{"UH": "ʊ", "UW": "u", "UX": "ʉ", "B": "b", "CH": "tʃ", "D": "d", "DH": "ð", "DX": "ɾ"},
    **{"EL": "l", "EM": "m", "EN": "n", "F": "f", "G": "ɡ", "HH": "h", "HV": "h", "JH": "dʒ"},
    **{"K": "k", "L": "l", "M": "m", "N": "n", "NG": "ŋ", "NX": "n", "P": "p", "Q": "ʔ", "R": "ɹ"},
    **{"S": "s", "SH": "ʃ", "T": "t", "TH": "θ", "V": "v", "W": "w", "WH": "w", "Y": "j"},
    **{"Z": "z", "ZH": "ʒ"},
}


@dataclass(frozen=True)
class Phoneme:
    """A sound of speech and when it is spoken, in seconds."""

    symbol: str  # of the IPA or of ARPAbet, with or without marks of stress and length
    begin: float
    end: float

    def __post_init__(self) -> None:
        if not 0 <= self.begin <= self.end <= MOST_SECONDS:
            raise ValueError(f"{self} is spoken at no possible time")

    def __str__(self) -> str:
        return f"{self.symbol[:20]!r} from {self.begin:.7g} to {self.end:.7g} s"

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters of the IPA that are spoken one after another; none for silence."""
        if self.symbol.strip().lower() in SILENCES:
            return ()
        return ipa_letters(self.symbol.strip())


def ipa_letters(symbol: str) -> tuple[str, ...]:
    """The symbol's letters without marks; what has no letter is returned as it is."""
    if symbol.startswith("<"):  # <unk> and the like
        return (symbol,)
    name = re.sub(r"\d$", "", symbol)
    is_arpabet = name.isupper() or (len(name) > 1 and name.isascii() and name.islower())
    text = ARPABET.get(name.upper(), name) if is_arpabet else name
    kinds = [(char, unicodedata.category(char)) for char in unicodedata.normalize("NFD", text)]
    letters = tuple(char for char, kind in kinds if kind.startswith("L") and kind != "Lm")
    if letters:
        return letters
    only_marks = bool(kinds) and all(kind in ("Mn", "Lm", "Sk") for _, kind in kinds)
    return (NO_SHAPE,) if only_marks else (symbol,)


def check_order(phonemes: Sequence[Phoneme]) -> None:
    """ValueError where one begins before the one before it has ended."""
    for before, phoneme in pairwise(phonemes):
        if phoneme.begin < before.end - ROUNDING:
            raise ValueError(f"{phoneme} begins before {before} has ended")


def read_phonemes(path: Path) -> tuple[Phoneme, ...]:
    """The phonemes of a file, one after another; InputError for a file that has none."""
    name = repr(str(path))
    try:
        phonemes = tuple(map(_phoneme, _entries(_content(path))))
        check_order(phonemes)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{name}: cannot be read: {reason}; name another --visemes") from error
    except ValueError as error:  # a name with a null among them
        raise InputError(f"{name}: no track of phonemes: {error}; {WAY_OUT}") from error
    return phonemes


def _content(path: Path) -> Any:  # noqa: ANN401  whatever JSON holds
    if path.exists() and not path.is_file():
        raise ValueError("it is not a regular file")
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES >> 20} MB")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON, or too deep") from error


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
