"""Blinks fall where the original's do, for the same random numbers."""

import numpy as np
import pytest

from sadtalker.blinks import random_blinks


def test_blinks_begin_where_the_originals_do(facts):
    for key, case in facts["blink_random_seed"].items():
        seed, frames = map(int, key.split(","))
        blinks = random_blinks(frames, seed)
        wanted = np.zeros(frames, np.float32)
        for start in case["nonzero_start_frames"]:
            wanted[start : start + 5] = case["values_first_blink"]
        assert np.array_equal(blinks, wanted)


@pytest.mark.parametrize("frames", [1, 2, 10, 20, 21])
def test_a_short_clip_has_none(frames):
    """The original fails where the clip has 21 frames: no pause is short enough."""
    assert not random_blinks(frames, 0).any() and len(random_blinks(frames, 0)) == frames


def test_another_seed_blinks_at_other_times():
    assert np.array_equal(random_blinks(200, 5), random_blinks(200, 5))
    assert not np.array_equal(random_blinks(200, 5), random_blinks(200, 6))
