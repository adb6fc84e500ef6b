"""Spoken words as pieces of a subtitle: without markup, none wider than a line."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

COLUMNS = 42.0  # of a line
WIDE = COLUMNS / 16  # columns of a Chinese, Japanese or Korean character: 16 of them fill a line
LONGEST_UNSPACED = COLUMNS / 2  # of a script without spaces: a longer word is several
UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
CLOSING = set(".,;:!?…)]}»”’\"'%‰、。，．：；！？）】」』〉》・ー،؛؟۔।")
OPENING = set("([{«„“‘¿¡（【「『〈《")
# What players take for markup, and what looks like it. Texts come from anywhere.
LOOKALIKES = str.maketrans({"<": "‹", ">": "›", "{": "(", "}": ")", "\\": "/"})


class TimedWord(Protocol):
    """A word and when it is spoken, in seconds."""

    @property
    def text(self) -> str: ...
    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...


@dataclass(frozen=True)
class Piece:
    """What is never cut in two: a word with its punctuation, or a part of a very long one."""

    text: str
    start: float  # seconds
    end: float
    joined: bool = False  # follows the one before it without a space
    inner: bool = False  # belongs to the same word as the one before it

    def __post_init__(self) -> None:
        if not self.text or not 0 <= self.start <= self.end:
            raise ValueError(f"{self} is no piece of a subtitle")


def pieces_of(words: Iterable[TimedWord], columns: float = COLUMNS) -> tuple[Piece, ...]:
    """The words' pieces in their order, with times that never go back."""
    pieces: list[Piece] = []
    opening = ""
    for piece in _in_order(part for word in words for part in _parts(word, columns)):
        if set(piece.text) <= OPENING:
            opening += piece.text
        elif pieces and set(piece.text) <= CLOSING:
            pieces[-1] = _extended(pieces[-1], piece)
        else:
            last = pieces[-1].text if pieces else ""
            text, opening = opening + piece.text, ""
            joined = piece.joined or (is_unspaced(last[-1:]) and is_unspaced(text[0]))
            pieces.append(Piece(text, piece.start, piece.end, joined, piece.inner))
    return tuple(pieces)


def clean_text(text: str) -> str:
    """The text in one line, without control characters and markup."""
    spaced = " ".join(unicodedata.normalize("NFC", text).translate(LOOKALIKES).split())
    return "".join(char for char in spaced if unicodedata.category(char) not in ("Cc", "Cs"))


def columns_of(text: str) -> float:
    """How wide the text is, in columns of a line."""
    return sum(map(_columns, text))


def joined_text(pieces: Sequence[Piece]) -> str:
    """The pieces as they stand in a line."""
    tail = ("" if piece.joined else " " for piece in pieces[1:])
    return pieces[0].text + "".join(
        space + piece.text for space, piece in zip(tail, pieces[1:], strict=True)
    )


def is_unspaced(char: str) -> bool:
    """Whether it belongs to a script that sets no spaces between words."""
    return bool(UNSPACED.match(char)) or (_is_wide(char) and char in CLOSING | OPENING)


def _columns(char: str) -> float:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Cf", "Mn", "Me"):
        return 0.0
    return WIDE if _is_wide(char) else 1.0


def _is_wide(char: str) -> bool:
    return bool(char) and unicodedata.east_asian_width(char) in ("W", "F")


def _extended(piece: Piece, closing: Piece) -> Piece:
    return Piece(piece.text + closing.text, piece.start, closing.end, piece.joined, piece.inner)


def _in_order(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Times that go back are set forward."""
    last = 0.0
    for piece in pieces:
        start = max(piece.start, last)
        yield Piece(piece.text, start, max(piece.end, start), piece.joined, piece.inner)
        last = start


def _parts(word: TimedWord, columns: float) -> Iterator[Piece]:
    """The word at its spaces, and cut where it is too long; each part has its share of the time."""
    texts = [part for text in clean_text(word.text).split() for part in _cut(text, columns)]
    letters = sum(len(text) for text, _ in texts)
    start, seconds, done = float(word.start), float(word.end) - float(word.start), 0
    for text, inner in texts:
        begin, done = done, done + len(text)
        first, last = (start + seconds * share / letters for share in (begin, done))
        yield Piece(text, first, last, joined=inner, inner=inner)


def _cut(text: str, columns: float) -> Iterator[tuple[str, bool]]:
    """Parts that fit into a line, and whether each continues a word."""
    longest = LONGEST_UNSPACED if UNSPACED.search(text) else columns
    if columns_of(text) <= longest:
        yield text, False
        return
    part, begun = "", False
    for char in text:
        sticks = char in CLOSING or _columns(char) == 0 or part[-1:] in OPENING
        is_full = columns_of(part + char) > (longest if longest == columns else 2 * WIDE)
        if part and is_full and (not sticks or columns_of(part + char) > columns):
            yield part, begun
            part, begun = "", True
        part += char
    yield part, begun
