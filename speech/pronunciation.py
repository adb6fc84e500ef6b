"""The sounds of a text's words in the five languages of the voice that tells no times.

English words come from the dictionary of Carnegie Mellon University in `data/`, which is read a
letter at a time; others, and those that it lacks, are spelled out by rules.
"""

import re
import unicodedata
import zipfile
from functools import lru_cache
from pathlib import Path

from base.phonemes import ARPABET
from speech.counting import in_words
from speech.spelling import RULES, spelled_out

DICTIONARY = Path(__file__).parent / "data" / "english.zip"
UNKNOWN = "?"  # a sound, or several, that nothing is known of
PARTS = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*|[%$€£&@+=°]")  # noqa: RUF001
CURRENCY = re.compile(r"([$€£])(\d+(?:[.,]\d+)*)")  # said behind the number
# ARPAbet in the order of the dictionary's letters A to Z and a to m
PHONES = (
    *("B", "AW", "T", "K", "AH", "Z", "AO", "R", "S", "Y", "UW", "M", "F", "IH", "OW", "G", "EH"),
    *("N", "EY", "D", "L", "W", "IY", "P", "AA", "ER", "AE", "TH", "V", "HH", "NG", "SH", "ZH"),
    *("AY", "JH", "CH", "UH", "DH", "OY"),
)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm"
SYMBOLS_OF = {letter: ARPABET[phone] for letter, phone in zip(LETTERS, PHONES, strict=True)}
SAID = {  # English for what is written short
    **{"%": "percent", "$": "dollars", "€": "euros", "£": "pounds", "&": "and", "@": "at"},
    **{"+": "plus", "=": "equals", "°": "degrees", "dr": "doctor", "mr": "mister"},
    **{"mrs": "missus", "ms": "miz", "st": "saint", "vs": "versus", "etc": "et cetera"},
}


def speaks(language: str) -> bool:
    """Whether anything is known of the language."""
    return language.split("-")[0].lower() in RULES


def pronounce(word: str, language: str) -> tuple[str, ...]:
    """The symbols of a word as it stands in a text; UNKNOWN for what can be said in many ways."""
    name = language.split("-")[0].lower()
    text = unicodedata.normalize("NFC", word)
    parts = PARTS.findall(CURRENCY.sub(r"\2\1", text))
    sounds = [sound for part in parts for sound in _part(part, name)]
    return tuple(sounds) or (UNKNOWN,)


def _part(part: str, language: str) -> tuple[str, ...]:
    lower = part.lower().replace("’", "'")  # noqa: RUF001
    if language not in RULES:
        return (UNKNOWN,)
    if language == "en":
        words = in_words(part) if part[0].isdigit() else SAID.get(lower, lower)
        capitals = part.isupper() and len(part) > 1
        return tuple(s for w in words.split() for s in _english(w, capitals))
    return spelled_out(lower, language) if part[0].isalpha() else (UNKNOWN,)


def _english(word: str, capitals: bool) -> tuple[str, ...]:
    sounds = dictionary(word[:1]).get(word)
    if sounds is not None:
        return tuple(SYMBOLS_OF[letter] for letter in sounds)
    if word.endswith("'s"):
        return (*_english(word[:-2], capitals), "z")
    if capitals and len(word) <= 5:
        letters = (dictionary(letter).get(f"{letter}.", "") for letter in word)
        return tuple(SYMBOLS_OF[sound] for letter in letters for sound in letter)
    return spelled_out(_plain(word), "en")


def _plain(word: str) -> str:
    """Without accents, but for the one that is heard."""
    bare = (c if c == "é" else unicodedata.normalize("NFD", c)[0] for c in word)
    return "".join(bare)


@lru_cache(maxsize=32)
def dictionary(first: str) -> dict[str, str]:
    """The dictionary's words with this first letter, in lower case."""
    if not ("a" <= first <= "z" and len(first) == 1):
        return {}
    with zipfile.ZipFile(DICTIONARY) as archive:
        lines = archive.read(first).decode("ascii").split("\n")
    return dict(line.split(" ", 1) for line in lines)
