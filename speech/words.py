"""The words of a sentence, and when each is spoken, by the phonemes that belong to them."""

from collections.abc import Sequence
from itertools import groupby

from base.phonemes import Phoneme
from speech.text import has_words


def words_of(text: str) -> tuple[str, ...]:
    """The parts between spaces; marks alone belong to the word before."""
    words: list[str] = []
    for part in text.split():
        if words and not (has_words(part) and has_words(words[-1])):
            words[-1] += f" {part}"
        else:
            words.append(part)
    return tuple(words)


def word_times(
    words: Sequence[str], phonemes: Sequence[Phoneme], numbers: Sequence[int]
) -> list[tuple[float, float]]:
    """When each word is spoken; `numbers` says for each phoneme which word it belongs to.

    A word that has none, since a voice draws some together, shares those of the word before.
    """
    spans = {}
    for number, group in groupby(zip(numbers, phonemes, strict=True), key=lambda pair: pair[0]):
        own = [phoneme for _, phoneme in group]
        spans[number] = (own[0].begin, own[-1].end)
    times: list[tuple[float, float]] = []
    for number in sorted({0, *spans}):
        after = min((other for other in spans if other > number), default=len(words))
        first = spans.get(number, (spans[after][0],) * 2 if after in spans else (0.0, 0.0))
        times += shared(words[number:after], *first)
    return times


def shared(words: Sequence[str], start: float, end: float) -> list[tuple[float, float]]:
    """The time from start to end, to each word by its length."""
    total = sum(map(len, words)) or 1
    times, at = [], start
    for word in words:
        until = at + (end - start) * len(word) / total
        times.append((at, until))
        at = until
    return times
