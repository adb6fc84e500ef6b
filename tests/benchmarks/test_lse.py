"""The lip-sync error on embeddings that are known."""

import numpy as np
import pytest

from benchmarks.lse.score import lse_of


def embeddings(count=60, width=32):
    return np.random.default_rng(3).normal(size=(count, width))


@pytest.mark.parametrize("late", [-4, 0, 7])
def test_the_offset_of_lips_that_come_late_is_found(late):
    sounds = embeddings(80)
    lips = sounds[20 - late : 60 - late]
    found = lse_of(lips, sounds[20:60])
    assert found.offset == late
    assert found.confidence > 1


def test_lips_in_step_are_next_to_their_sound():
    both = embeddings()
    found = lse_of(both, both)
    assert found.offset == 0
    assert found.distance == pytest.approx(1e-6 * np.sqrt(32), rel=1e-6)
    assert found.confidence == pytest.approx(np.sqrt(2 * 32), rel=0.15)  # of rows that are strange


def test_strangers_have_no_confidence():
    found = lse_of(embeddings(), np.random.default_rng(9).normal(size=(60, 32)))
    assert found.confidence < 1 and found.distance > 6


def test_embeddings_of_two_lengths_are_refused():
    with pytest.raises(ValueError, match="differ"):
        lse_of(embeddings(10), embeddings(11))
