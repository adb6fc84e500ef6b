"""The lip-sync error of embeddings whose offset is known."""

import numpy as np
import pytest

from benchmarks.lse.score import score_embeddings


def embeddings(count=60, width=32):
    return np.random.default_rng(3).normal(size=(count, width))


@pytest.mark.parametrize("late", [-4, 0, 7])
def test_the_offset_of_lips_that_come_late_is_found(late):
    sounds = embeddings(80)
    lips = sounds[20 - late : 60 - late]
    score = score_embeddings(lips, sounds[20:60])
    assert score.offset == late
    assert score.confidence > 1


def test_lips_in_step_are_next_to_their_sound():
    both = embeddings()
    score = score_embeddings(both, both)
    assert score.offset == 0
    assert score.distance == pytest.approx(1e-6 * np.sqrt(32), rel=1e-6)
    assert score.confidence == pytest.approx(np.sqrt(2 * 32), rel=0.15)  # of unrelated rows


def test_unrelated_embeddings_have_no_confidence():
    score = score_embeddings(embeddings(), np.random.default_rng(9).normal(size=(60, 32)))
    assert score.confidence < 1 and score.distance > 6


def test_embeddings_of_two_lengths_are_refused():
    with pytest.raises(ValueError, match="differ"):
        score_embeddings(embeddings(10), embeddings(11))
