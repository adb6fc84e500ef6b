"""What surrounds the network that hears phonemes; the network itself needs its package."""

import numpy as np
import pytest

from audio.recognition import LONGEST, pieces, spoken_part

RATE = 16_000


@pytest.mark.parametrize("seconds", [0.001, 1, 19, 21, 40, 71.3])
def test_a_sound_is_cut_into_pieces_without_a_loss(seconds):
    samples = np.random.default_rng(1).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)
    parts = list(pieces(samples))
    assert np.array_equal(np.concatenate([part for _, part in parts]), samples)
    assert [first for first, _ in parts] == np.cumsum(
        [0, *(len(p) for _, p in parts[:-1])]
    ).tolist()
    assert max(len(part) for _, part in parts) <= 20 * RATE


def test_it_is_cut_where_it_is_quiet():
    samples = np.random.default_rng(1).normal(0, 0.1, 30 * RATE).astype(np.float32)
    samples[17 * RATE : round(17.3 * RATE)] = 0
    (_, first), _ = pieces(samples)
    assert 17 <= len(first) / RATE <= 17.3


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((0.2, 0.3), (0.2, 0.3)),
        ((0.05, 0.2), (0.1, 0.2)),
        ((0.4, 0.9), (0.4, 0.5)),
        ((0.1, 2.0), (0.1, 0.1 + LONGEST)),
        ((0.6, 0.8), None),
        ((0.0, -0.03), None),
        ((5.0, 6.0), None),
    ],
)
def test_of_a_span_only_what_is_loud_and_no_longer_than_a_phoneme_counts(span, expected):
    loud = np.zeros(100, np.bool_)
    loud[10:50] = True
    assert spoken_part(loud, *span) == (None if expected is None else pytest.approx(expected))
