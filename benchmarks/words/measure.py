"""The words of two tracks, matched: how many differ, and by how much the others' starts do."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from speech.speech import Word


@dataclass(frozen=True)
class Row:
    """What was heard of the true words."""

    words: int  # true ones
    errors: int  # put in place of others, left out or added
    median: float  # seconds by which the starts of equal words differ
    most: float  # of nine in ten
    worst: float
    cost: float  # seconds of processor time a second of sound


def compare(true: Sequence[Word], heard: Sequence[Word], cost: float) -> Row:
    errors, pairs = matched([plain(w.text) for w in true], [plain(w.text) for w in heard])
    late = sorted(abs(true[a].start - heard[b].start) for a, b in pairs) or [float("inf")]
    median, most, worst = (late[round(share * (len(late) - 1))] for share in (0.5, 0.9, 1))
    return Row(len(true), errors, median, most, worst, cost)


def plain(word: str) -> str:
    """The word's letters and digits."""
    return "".join(filter(str.isalnum, word.lower()))


def matched(true: Sequence[str], heard: Sequence[str]) -> tuple[int, list[tuple[int, int]]]:
    """The fewest errors, and the numbers of the words that are equal."""
    costs = np.zeros((len(true) + 1, len(heard) + 1), int)
    costs[:, 0], costs[0] = np.arange(len(true) + 1), np.arange(len(heard) + 1)
    for a, word in enumerate(true, 1):
        for b, other in enumerate(heard, 1):
            around = costs[a - 1, b] + 1, costs[a, b - 1] + 1
            costs[a, b] = min(*around, costs[a - 1, b - 1] + (word != other))
    return int(costs[-1, -1]), _pairs(costs, true, heard)


def _pairs(
    costs: "np.ndarray[tuple[int, int], np.dtype[np.int_]]",
    true: Sequence[str],
    heard: Sequence[str],
) -> list[tuple[int, int]]:
    """The equal words along the way of fewest errors."""
    pairs, a, b = [], len(true), len(heard)
    while a and b:
        if true[a - 1] == heard[b - 1] and costs[a, b] == costs[a - 1, b - 1]:
            a, b = a - 1, b - 1
            pairs.append((a, b))
        elif costs[a, b] == costs[a - 1, b - 1] + 1:
            a, b = a - 1, b - 1
        else:
            a, b = (a - 1, b) if costs[a, b] == costs[a - 1, b] + 1 else (a, b - 1)
    return pairs[::-1]
