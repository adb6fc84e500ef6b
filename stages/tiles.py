"""A picture in overlapping tiles: each counts only as far as it has seen what is around it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product

from base.geometry import Rect

CELL = 4  # pixels: tiles meet on whole chroma cells of every layout


@dataclass(frozen=True)
class Tile:
    """A part of a picture, and the part of it that counts; the latter cover the picture."""

    seen: Rect
    counts: Rect


@dataclass(frozen=True)
class Span:
    """A tile's place along one axis."""

    start: int
    end: int
    counts_from: int
    counts_to: int


def tiles(size: tuple[int, int], tile: tuple[int, int], around: int) -> Iterator[Tile]:
    """The tiles of a picture of (width, height), none larger than `tile`.

    Beyond what counts a tile sees at least `around` pixels, or the picture's border.
    """
    across, along = (spans(*lengths, around) for lengths in zip(size, tile, strict=True))
    for y, x in product(along, across):
        yield Tile(
            Rect(y.start, y.end, x.start, x.end),
            Rect(y.counts_from, y.counts_to, x.counts_from, x.counts_to),
        )


def spans(length: int, tile: int, around: int) -> tuple[Span, ...]:
    """As few as possible, evenly spread; all but a single one are `tile` long."""
    if length <= tile:
        return (Span(0, length, 0, length),)
    step = tile - 2 * (around + CELL)  # what counts of each, though its ends lie on whole cells
    if step < 1:
        raise ValueError(f"tiles of {tile} pixels that see {around} around them")
    count = -(-(length - tile) // step) + 1
    starts = [(length - tile) * i // (count - 1) for i in range(count)]
    middles = [(first + tile + second) // 2 // CELL * CELL for first, second in pairwise(starts)]
    edges = [0, *middles, length]
    return tuple(
        Span(start, start + tile, *counts)
        for start, counts in zip(starts, pairwise(edges), strict=True)
    )
