"""Tiles cover a picture, and each sees enough around what counts."""

from itertools import pairwise

import numpy as np
import pytest

from stages.tiles import CELL, spans, tiles
from tests.cases import each


@each("length", [1, 63, 64, 65, 100, 256, 257, 719, 1080])
@each(("tile", "around"), [(64, 8), (100, 24), (256, 24)])
def test_along_an_axis(length, tile, around):
    made = spans(length, tile, around)
    assert made[0].counts_from == 0 and made[-1].counts_to == length
    assert all(one.counts_to == two.counts_from for one, two in pairwise(made))
    assert all(one.counts_to % CELL == 0 for one in made[:-1])
    assert {one.end - one.start for one in made} == {min(tile, length)}
    for one in made:
        assert one.start <= one.counts_from < one.counts_to <= one.end
        assert one.counts_from - one.start >= around or one.start == 0
        assert one.end - one.counts_to >= around or one.end == length


def test_tiles_count_every_pixel_once():
    counts = np.zeros((130, 301), int)
    for tile in tiles((301, 130), (64, 80), 8):
        counts[tile.counts.slices] += 1
        assert tile.seen.size == (64, 80)
    assert counts.min() == counts.max() == 1


def test_few_tiles_are_enough():
    assert len(spans(1280, 256, 24)) == 7
    with pytest.raises(ValueError, match="see 40 around"):
        spans(100, 64, 40)
