"""Text as people write it, cut into paragraphs of sentences that a voice can speak.

The text is data: marks that a voice could take for a command are gone before it gets any.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

MOST_LETTERS = 300  # of a sentence: longer ones are cut, so that a voice needs little memory
ABBREVIATIONS = frozenset(
    (
        *("dr", "mr", "mrs", "ms", "prof", "st", "jr", "sr", "vs", "etc", "e.g", "i.e"),
        *("fig", "approx", "dept", "inc", "ltd", "co", "vol", "p", "pp", "u.s"),
        *("z.b", "bzw", "usw", "ca", "nr", "hr", "fr", "str", "d.h", "u.a", "evtl"),
        *("sig", "sra", "ud", "uds", "p.ej", "av", "mme", "mlle", "dott"),
    )
)
LONGEST_ABBREVIATION = 16  # letters, and a quotation mark before it
END = re.compile(r"""[.!?…]+["'”’»)\]]*\s+|[。！？]+["”」』]*\s*""")  # noqa: RUF001
CLAUSE_ENDS, WORD_ENDS = re.compile(r"[,;:–—、，；]\s*"), re.compile(r"\s+")  # noqa: RUF001
DROPPED = {"Cc", "Cs", "Co", "Cn", "So", "Sk", "Me"}  # emoji, controls, what has no sound
VARIATIONS = frozenset(map(chr, range(0xFE00, 0xFE10)))  # how the letter before is drawn
SPOKEN_SYMBOLS = frozenset("°€£¥©®™%$&+=@#§")
REPEATED, DOTS = re.compile(r"([^\w\s.])\1{2,}"), re.compile(r"\.{4,}")


@dataclass(frozen=True)
class Script:
    """Paragraphs of sentences; each sentence holds a letter or a digit."""

    paragraphs: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if not self.paragraphs or not all(self.paragraphs):
            raise ValueError("a script without a sentence")

    def sentences(self) -> Iterator[tuple[str, bool]]:
        """Every sentence, and whether a paragraph ends with it."""
        for paragraph in self.paragraphs:
            for number, sentence in enumerate(paragraph, 1):
                yield sentence, number == len(paragraph)


def script_of(text: str, markdown: bool = False) -> Script | None:
    """The text's paragraphs and sentences; None where there is nothing to speak."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n")
    paragraphs = re.split(r"\n\s*\n", without_markdown(lines) if markdown else lines)
    cut = (tuple(sentences_of(speakable(paragraph))) for paragraph in paragraphs)
    spoken = tuple(sentences for sentences in cut if sentences)
    return Script(spoken) if spoken else None


def speakable(text: str) -> str:
    """The text on one line, without what has no sound: controls, emoji, repeated marks."""
    composed = unicodedata.normalize("NFC", text)
    letters = ("".join(_speakable_letter(letter) for letter in composed)).split()
    return DOTS.sub("...", REPEATED.sub(r"\1", " ".join(letters)))


def _speakable_letter(letter: str) -> str:
    if letter in SPOKEN_SYMBOLS:
        return letter
    kind = unicodedata.category(letter)
    if kind == "Cf" or letter in VARIATIONS:
        return "" if letter != "\u200b" else " "  # which parts words in some languages
    return " " if kind in DROPPED else letter


def has_words(text: str) -> bool:
    return any(letter.isalnum() for letter in text)


def sentences_of(paragraph: str) -> Iterator[str]:
    """The paragraph cut behind its sentences, and long ones within; each can be spoken."""
    start = 0
    for end in END.finditer(paragraph):
        if _ends_sentence(paragraph, start, end):
            yield from _pieces(paragraph[start : end.end()])
            start = end.end()
    yield from _pieces(paragraph[start:])


def _ends_sentence(paragraph: str, start: int, end: "re.Match[str]") -> bool:
    """Not so behind an abbreviation or an initial, nor where a small letter follows a full stop."""
    if not end[0].startswith("."):
        return True
    words = paragraph[max(start, end.start() - LONGEST_ABBREVIATION) : end.start()].split()
    last = words[-1].strip("\"'“‘«([").lower() if words else ""  # noqa: RUF001
    if last in ABBREVIATIONS or (len(last) == 1 and last.isalpha() and last != "i"):
        return False
    return not paragraph[end.end() : end.end() + 1].islower()


def _pieces(sentence: str) -> Iterator[str]:
    """The sentence in pieces of at most MOST_LETTERS, cut behind a clause, a word, or anywhere."""
    rest = sentence.strip()
    while len(rest) > MOST_LETTERS:
        cut = _last_end(CLAUSE_ENDS, rest) or _last_end(WORD_ENDS, rest) or MOST_LETTERS
        if has_words(rest[:cut]):
            yield rest[:cut].strip()
        rest = rest[cut:].strip()
    if has_words(rest):
        yield rest


def _last_end(pattern: "re.Pattern[str]", text: str) -> int:
    return max((match.end() for match in pattern.finditer(text, 0, MOST_LETTERS)), default=0)


# Each takes time in proportion to the text, whatever stands in it.
MARKDOWN = (
    (re.compile(r"^(```|~~~).*?(^\1[`~]*[ \t]*$|\Z)", re.M | re.S), "\n"),  # blocks of code
    (re.compile(r"\A---\n.*?\n---[ \t]*\n", re.S), ""),  # the page's own facts
    (re.compile(r"<!--.*?(-->|\Z)", re.S), ""),
    (re.compile(r"!\[[^\[\]\n]{0,1000}\]\([^()\n]{0,2000}\)"), ""),  # pictures
    (re.compile(r"\[([^\[\]\n]{0,1000})\]\([^()\n]{0,2000}\)"), r"\1"),  # links
    (re.compile(r"</?[a-zA-Z][^<>\n]{0,1000}>"), ""),
    (re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+([^\n]*)$", re.M), r"\n\1\n"),  # headings
    (re.compile(r"^[ \t]*([-*_=][ \t]*){3,}$", re.M), "\n"),  # lines across the page
    (re.compile(r"^[ \t]*([-*+]|\d{1,3}[.)])[ \t]+", re.M), "\n"),  # items of lists
    (re.compile(r"^[ \t]*(>[ \t]?)+", re.M), ""),
    (re.compile(r"^(?=[^\n]*\|)[ \t:|-]+$", re.M), ""),  # lines of tables
    (re.compile(r"[ \t]*\|[ \t]*"), ", "),
    (re.compile(r"(\*{1,3}|(?<!\w)_{1,3}|_{1,3}(?!\w)|~~|`+)"), ""),
)


def without_markdown(text: str) -> str:
    """What a reader of the rendered page would read aloud."""
    for pattern, replacement in MARKDOWN:
        text = pattern.sub(replacement, text)
    return text
