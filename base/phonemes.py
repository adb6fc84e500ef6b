"""The sounds of a speech in the order of time, by letters of the IPA or of ARPAbet."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

MOST_SECONDS = 1e6
ROUNDING = 0.001  # seconds by which a phoneme may begin before the one before it has ended

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
