from dataclasses import astuple
from fractions import Fraction

import numpy as np
import pytest

from stages.animate.motion import (
    BREATH,
    PITCH,
    RAISE,
    YAW,
    AnimateSettings,
    Motion,
    emphasis_of,
)
from stages.animate.pose import Pose
from tests.stages.animate.portraits import FPS, silent, spoken


def poses(frames, emphasis=None, **settings):
    """(frames, 8): the numbers of every pose."""
    motion = Motion(FPS, frames, AnimateSettings(**settings), emphasis)
    return np.array([astuple(motion.pose(index)) for index in range(frames)])


def test_a_head_turns_a_few_degrees_and_breathes():
    motion = poses(1500)
    most = dict(zip(Pose.__dataclass_fields__, np.abs(motion).max(0), strict=True))
    assert 0.6 * YAW < most["yaw"] <= YAW and 0.6 * PITCH < most["pitch"] <= PITCH
    assert most["breath"] == pytest.approx(BREATH, rel=0.02) and motion[:, 5].min() >= 0


def test_nothing_leaps():
    """But the lids: from frame to frame less than a tenth of the range, and no sudden stop."""
    motion = poses(1500)[:, :-1]
    steps = np.diff(motion, axis=0)
    assert (np.abs(steps).max(0) < 0.1 * np.ptp(motion, axis=0)).all()
    assert (np.abs(np.diff(steps, axis=0)).max(0) < 0.02 * np.ptp(motion, axis=0)).all()


@pytest.mark.parametrize("loops", [True, False])
@pytest.mark.parametrize("seconds", [1, 3, 10])
def test_it_begins_and_ends_as_the_photo(loops, seconds):
    motion = poses(25 * seconds, loops=loops)
    assert not motion[0].any()
    assert (np.abs(motion[-1]) <= 0.02 * np.abs(motion).max(0).clip(1e-3)).all()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("seconds", [2, 5, 8])
def test_a_loop_goes_on_without_a_jump(seed, seconds):
    """From the last frame to the first the step, and its change, are as between all others."""
    motion = poses(25 * seconds, seed=seed, loops=True)
    around = np.vstack([motion[-2:], motion[:2]])
    steps, inner = np.abs(np.diff(around, axis=0)), np.abs(np.diff(motion, axis=0)).max(0)
    assert (steps <= inner + 1e-9).all()
    turns = np.abs(np.diff(motion, 2, axis=0)).max(0)
    assert (np.abs(np.diff(around, 2, axis=0)) <= 1.05 * turns + 1e-9).all()
    assert motion[-1, -1] == motion[0, -1] == 0


def test_a_breath_goes_on_through_a_loop():
    breath = poses(25 * 8, loops=True)[:, 5]
    turns = np.diff(np.r_[breath[-2:], breath], 2)
    assert turns[:2].min() > 0.9 * turns.max()  # it is deepest there, and turns as elsewhere


def test_a_seed_decides():
    assert np.array_equal(poses(100, seed=5), poses(100, seed=5))
    first, second = poses(100, seed=5), poses(100, seed=6)
    assert np.abs(first - second).max(0)[:3].min() > 0.1


def test_scale_is_of_all_motion_but_the_blinks():
    one, more = poses(500), poses(500, scale=1.3)
    assert more[:, :-1] == pytest.approx(1.3 * one[:, :-1])
    assert np.array_equal(more[:, -1], one[:, -1]) and one[:, -1].any()


def test_brows_and_head_follow_the_emphasis_of_speech():
    sound = spoken(150, syllables=[50, 100])
    emphasis = emphasis_of(sound, FPS)
    with_speech, without = poses(150, emphasis), poses(150)
    nods, brows = ((with_speech - without)[:, column] for column in (1, 6))
    loud = emphasis > 0.3
    assert loud[50:56].any() and loud[100:106].any() and not loud[60:95].any()
    assert nods[loud].min() > 0 and nods.max() > 0.4 and brows.max() > 0.2 * RAISE
    assert abs(nods[65:90]).max() < 0.1 * nods.max()


def test_even_speech_and_silence_have_no_emphasis():
    assert not emphasis_of(silent(50), FPS).any()
    assert emphasis_of(spoken(50, []), FPS).max() < 0.05


@pytest.mark.parametrize("emphasis", [None, np.zeros(3, np.float32)])
def test_motion_of_nothing_is_refused(emphasis):
    with pytest.raises(ValueError):
        Motion(Fraction(25), 0 if emphasis is None else 4, emphasis=emphasis)


@pytest.mark.parametrize("wrong", [{"blink": 1.1}, {"blink": -0.1}, {"yaw": float("nan")}])
def test_a_pose_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError):
        Pose(**wrong)
