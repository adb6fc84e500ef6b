"""What a network adds to a still face keeps still."""

import itertools

import numpy as np

from stages.steadiness import STEADINESS, Steadied

RANDOM = np.random.default_rng(5)
FACE = RANDOM.uniform(60, 200, (64, 64, 3)).astype(np.float32)


def added():
    return RANDOM.normal(0, 5, FACE.shape).astype(np.float32)


def last_of(squares, seeds):
    steadied = Steadied(squares[0], seeds[0])
    changes = []
    for square, seed in zip(squares[1:], seeds[1:], strict=True):
        following = steadied.followed_by(square, seed, STEADINESS)
        changes.append(np.abs(following.added - steadied.added).mean())
        steadied = following
    return steadied, float(np.mean(changes[5:]))


def test_on_a_still_face_with_grain_it_changes_a_third_as_much():
    squares = [FACE + RANDOM.normal(0, 0.7, FACE.shape).astype(np.float32) for _ in range(30)]
    seeds = [added() for _ in squares]
    by_itself = np.mean([np.abs(b - a).mean() for a, b in itertools.pairwise(seeds)])
    assert last_of(squares, seeds)[1] < by_itself / 3


def test_where_the_face_moves_it_is_new():
    moved = FACE.copy()
    moved[:, 32:] += 30
    seeds = added(), added()
    steadied = Steadied(FACE, seeds[0]).followed_by(moved, seeds[1], STEADINESS)
    assert np.abs(steadied.added - seeds[1])[:, 44:].max() < 1e-3
    kept = seeds[1] + (seeds[0] - seeds[1]) * STEADINESS
    assert np.abs(steadied.added - kept)[:, :20].max() < 1e-3


def test_without_a_share_every_frame_is_by_itself():
    seeds = added(), added()
    steadied = Steadied(FACE, seeds[0]).followed_by(FACE, seeds[1], 0.0)
    assert np.array_equal(steadied.added, seeds[1])
