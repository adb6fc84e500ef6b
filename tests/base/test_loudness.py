"""A sound is cut where nobody speaks, and loud where somebody does."""

import numpy as np
import pytest

from base.loudness import RATE, loud_blocks, pieces


@pytest.mark.parametrize("seconds", [0.001, 1, 19, 21, 40, 71.3])
def test_a_sound_is_cut_into_pieces_without_a_loss(seconds):
    samples = np.random.default_rng(1).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)
    parts = list(pieces(samples, 15, 20))
    assert np.array_equal(np.concatenate([part for _, part in parts]), samples)
    assert [first for first, _ in parts] == np.cumsum(
        [0, *(len(p) for _, p in parts[:-1])]
    ).tolist()
    assert max(len(part) for _, part in parts) <= 20 * RATE


def test_it_is_cut_where_it_is_quiet():
    samples = np.random.default_rng(1).normal(0, 0.1, 30 * RATE).astype(np.float32)
    samples[17 * RATE : round(17.3 * RATE)] = 0
    (_, first), _ = pieces(samples, 15, 20)
    assert 17 <= len(first) / RATE <= 17.3


def test_what_is_loud_is_measured_by_the_loudest():
    samples = np.full(RATE, 1e-3, np.float32)
    samples[RATE // 4 : RATE // 2] = 0.5
    assert np.flatnonzero(loud_blocks(samples)).tolist() == list(range(25, 50))
    assert not loud_blocks(samples[: RATE // 8] * 0.5).any()
    assert loud_blocks(samples[:100]).size == 0
