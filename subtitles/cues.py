"""Which words are shown together, in one line or two, and from when to when."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from subtitles.breaks import SENTENCE, break_costs
from subtitles.pieces import COLUMNS, Piece, TimedWord, columns_of, joined_text, pieces_of

COLUMNS_PER_SECOND = 17.0  # that people read
SHORTEST, LONGEST = 1.0, 6.0  # seconds that a subtitle should be shown
LEAST = 0.04  # seconds: of words without a length
TAIL = 0.1  # seconds that it stays after its last word, where the next leaves them
GAP = 0.08  # seconds without any before the next: the change is seen
DIGITS = 3  # of a second's fraction, as files have them
SILENCE = 1.0  # seconds between two words that are not shown together

# What disturbs who reads, in the measure of break_costs.
EACH, EACH_LINE_END, UNEVEN = 4.0, 0.5, 0.1
SENTENCE_INSIDE, SILENCE_INSIDE = 3.0, 100.0
TOO_FAST, TOO_SHORT, TOO_LONG = 1.0, 6.0, 5.0  # per column a second, per second


@dataclass(frozen=True)
class Cue:
    """Lines that are shown together."""

    lines: tuple[str, ...]
    start: float  # seconds
    end: float

    def __post_init__(self) -> None:
        if not self.lines or not all(self.lines) or not 0 <= self.start < self.end:
            raise ValueError(f"{self} is no subtitle")

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def columns_per_second(self) -> float:
        return sum(map(columns_of, self.lines)) / (self.end - self.start)


def cues_of(words: Iterable[TimedWord], columns: float = COLUMNS) -> tuple[Cue, ...]:
    """The words as subtitles, one after another: the cuts that disturb least in all."""
    pieces = pieces_of(words, columns)
    layout = _Layout(pieces, columns)
    spans = layout.best_spans()
    return tuple(_timed(pieces, [(*span, layout.line_end(*span)) for span in spans]))


class _Layout:
    """The costs of showing pieces together."""

    def __init__(self, pieces: Sequence[Piece], columns: float) -> None:
        self._pieces, self._columns = pieces, columns
        self._breaks = break_costs(pieces)
        widths = (columns_of(piece.text) + (not piece.joined) for piece in pieces)
        self._ends = [0.0, *accumulate(widths)]  # columns up to each piece
        sentences = (cost == SENTENCE for cost in self._breaks)
        self._sentences = [0, *accumulate(map(int, sentences))]

    def best_spans(self) -> list[tuple[int, int]]:
        """First and last piece of each subtitle, such that their costs are least together."""
        best, begins = [0.0], [0]
        for last in range(len(self._pieces)):
            costs = ((best[first] + self._cost(first, last), first) for first in self._firsts(last))
            cost, first = min(costs)
            best.append(cost)
            begins.append(first)
        spans, end = [], len(self._pieces)
        while end:
            spans.append((begins[end], end - 1))
            end = begins[end]
        return spans[::-1]

    def line_end(self, first: int, last: int) -> int:
        """The last piece of the first line; `last` where one line holds all."""
        if self._width(first, last) <= self._columns:
            return last
        ends = self._line_ends(first, last)
        return min(ends, key=lambda end: self._line_cost(first, end, last), default=last)

    def _firsts(self, last: int) -> Iterator[int]:
        """Where a subtitle may begin that ends with `last`; one piece always fits."""
        for first in range(last, -1, -1):
            fits = self._width(first, last) <= self._columns or self._line_ends(first, last)
            if first < last and not fits:
                return
            yield first

    def _width(self, first: int, last: int) -> float:
        return self._ends[last + 1] - self._ends[first] - (not self._pieces[first].joined)

    def _line_ends(self, first: int, last: int) -> list[int]:
        """Where a break makes two lines that fit."""
        ends = []
        for end in range(last - 1, first - 1, -1):
            if self._width(end + 1, last) > self._columns:
                break
            if self._width(first, end) <= self._columns:
                ends.append(end)
        return ends

    def _line_cost(self, first: int, end: int, last: int) -> float:
        uneven = abs(self._width(first, end) - self._width(end + 1, last))
        return EACH_LINE_END * self._breaks[end] + UNEVEN * uneven

    def _cost(self, first: int, last: int) -> float:
        end = self.line_end(first, last)
        cost = EACH + self._breaks[last] + self._time_cost(first, last)
        if end != last:
            cost += self._line_cost(first, end, last)
        return cost + SENTENCE_INSIDE * (self._sentences[last] - self._sentences[first])

    def _time_cost(self, first: int, last: int) -> float:
        pieces = self._pieces
        following = pieces[last + 1].start - GAP if last + 1 < len(pieces) else float("inf")
        seconds = max(min(pieces[last].end + SHORTEST, following) - pieces[first].start, LEAST)
        spoken = pieces[last].end - pieces[first].start
        speed = self._width(first, last) / seconds
        cost = TOO_FAST * max(0.0, speed - COLUMNS_PER_SECOND)
        cost += TOO_SHORT * max(0.0, SHORTEST - seconds) + TOO_LONG * max(0.0, spoken - LONGEST)
        silences = sum(
            after.start - before.end > SILENCE
            for before, after in zip(pieces[first:last], pieces[first + 1 : last + 1], strict=True)
        )
        return cost + SILENCE_INSIDE * silences


def _timed(pieces: Sequence[Piece], spans: Sequence[tuple[int, int, int]]) -> Iterator[Cue]:
    """The subtitles with their times: each stays for as long as its words, or its readers, need."""
    ended = 0.0
    for index, (first, last, line_end) in enumerate(spans):
        lines = [pieces[first : line_end + 1], pieces[line_end + 1 : last + 1]]
        texts = tuple(joined_text(line) for line in lines if line)
        start = max(pieces[first].start, ended)
        needed = max(sum(map(columns_of, texts)) / COLUMNS_PER_SECOND, SHORTEST)
        end = max(pieces[last].end + TAIL, start + needed)
        if index + 1 < len(spans):
            end = min(end, pieces[spans[index + 1][0]].start - GAP)
        start, ended = round(start, DIGITS), round(max(end, start + LEAST), DIGITS)
        yield Cue(texts, start, ended)
