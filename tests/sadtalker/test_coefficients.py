"""Rows of coefficients: joined, repeated, and looked at through windows of 27 frames."""

import numpy as np
import pytest

from sadtalker.alignment import Alignment
from sadtalker.coefficients import (
    SourceFace,
    joined,
    repeated_to,
    rows_at,
    windows_around,
)


@pytest.fixture
def face():
    seen = np.arange(257, dtype=np.float32)
    return SourceFace.of(seen, Alignment(1.5, 120.0, 130.0))


def test_the_faces_numbers_are_found_among_all_that_are_seen(face):
    assert face.row(full=False).tolist() == [*range(80, 144), 224, 225, 226, 254, 255, 256]
    assert face.row(full=True)[70:].tolist() == [1.5, 120.0, 130.0]


@pytest.mark.parametrize("full", [False, True])
def test_joined_rows_hold_expression_pose_and_the_photos_place(face, full):
    expressions = np.full((4, 64), 0.5, np.float32)
    poses = np.arange(24, dtype=np.float32).reshape(4, 6)
    rows = joined(expressions, poses, face, full, still=False)
    assert rows.shape == (4, 73 if full else 70)
    assert (rows[:, :64] == 0.5).all() and np.array_equal(rows[:, 64:70], poses)
    assert np.array_equal(rows[:, 70:], np.tile(face.row(full)[70:], (4, 1)))


def test_a_still_head_keeps_the_photos_pose(face):
    poses = np.ones((4, 6), np.float32)
    rows = joined(np.zeros((4, 64), np.float32), poses, face, True, still=True)
    assert np.array_equal(rows[:, 64:], np.tile(face.row(True)[64:], (4, 1)))


def test_windows_are_clamped_as_the_originals(facts):
    for key, wanted in facts["semantic_window_indices"].items():
        frame, count = map(int, key.split(" of "))
        rows = np.arange(count, dtype=np.float32)[:, None]
        window = windows_around(rows, np.array([float(frame)]))
        assert window.shape == (1, 1, 27) and window[0, 0].tolist() == wanted


def test_a_place_between_two_frames_sees_the_mean_of_their_windows():
    rows = np.random.default_rng(2).normal(size=(60, 70)).astype(np.float32)
    first, second, between = windows_around(rows, np.array([30.0, 31.0, 30.25]))
    assert np.allclose(between, 0.75 * first + 0.25 * second, atol=1e-6)


def test_before_and_behind_the_rows_is_the_outermost():
    rows = np.arange(3, dtype=np.float32)[:, None]
    assert rows_at(rows, np.array([-2.5, 0.5, 2.0, 7.0]))[:, 0].tolist() == [0, 0.5, 2, 2]


def test_a_short_motion_begins_again():
    rows = np.arange(3, dtype=np.float32)[:, None]
    assert repeated_to(rows, 7)[:, 0].tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert repeated_to(rows, 2)[:, 0].tolist() == [0, 1]
