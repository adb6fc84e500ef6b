"""Mouths cut out of frames at one size, and the choice of those that are worth seeing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Picture
from base.lips import LEFT_EYE, RIGHT_EYE
from benchmarks.lips.pairs import LipsPair
from quality.mouth_pair import cut_out, level

TILE = 220  # pixels of a mouth's picture
SPAN = 1.6  # mouth widths that it shows
LOWER = 0.15  # mouth widths that its middle lies below the source's mouth, which opens downwards
STRIP = 7  # consecutive frames
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the largest opening


@dataclass(frozen=True, eq=False)
class MouthTile:
    """The mouth in the source's frame and in the result's."""

    source: Picture  # (TILE, TILE, 3)
    result: Picture

    def __post_init__(self) -> None:
        if {self.source.shape, self.result.shape} != {(TILE, TILE, 3)}:
            raise ValueError(f"tiles of {self.source.shape} and {self.result.shape}")


@dataclass(frozen=True, eq=False)
class MouthStrips:
    """The mouths of one face that a sheet shows."""

    title: str
    speech: tuple[MouthTile, ...]  # consecutive frames
    openings: tuple[MouthTile, ...]  # for each of SHARES


def tile_of(pair: LipsPair) -> MouthTile:
    """Both mouths upright, tight and enlarged."""
    left, right = pair.source_lips.mesh(LEFT_EYE[0], RIGHT_EYE[1])
    middle = pair.source_lips.lower_outer[[0, -1]].mean(axis=0)
    scale = TILE / SPAN / pair.mouth_width
    turn = level(left, right, middle, scale)
    to_tile = turn.then(Affine.shift(TILE / 2, TILE / 2 - LOWER * TILE / SPAN))
    source, result = (cut_out(part, to_tile, (TILE, TILE)) for part in (pair.source, pair.result))
    return MouthTile(source, result)


def keeping_tiles(
    pairs: Iterable[LipsPair | None], tiles: list[MouthTile]
) -> Iterator[LipsPair | None]:
    """The pairs as they come; the tile of each goes into the list."""
    for pair in pairs:
        if pair is not None:
            tiles.append(tile_of(pair))
        yield pair


def strips_of(title: str, tiles: list[MouthTile], openings: NDArray[np.float64]) -> MouthStrips:
    """The liveliest consecutive frames, and those nearest to each share of the largest opening."""
    first = liveliest(openings, STRIP)
    places = nearest_to_shares(openings)
    speech = tuple(tiles[first : first + STRIP])
    return MouthStrips(title, speech, tuple(tiles[place] for place in places))


def liveliest(openings: NDArray[np.float64], length: int) -> int:
    """Where so many consecutive frames begin in which the opening changes most."""
    if len(openings) <= length:
        return 0
    runs = np.lib.stride_tricks.sliding_window_view(openings, length)
    return int(np.argmax(runs.max(axis=1) - runs.min(axis=1)))


def nearest_to_shares(openings: NDArray[np.float64]) -> list[int]:
    """The frames whose opening is nearest to each of SHARES of the largest."""
    largest = float(openings.max()) if len(openings) else 0.0
    return [int(np.abs(openings - share * largest).argmin()) for share in SHARES if len(openings)]
