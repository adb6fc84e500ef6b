"""Whose key points become whose: against numbers of the original, and by what must hold."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from fomm.driving import DrivingPoints
from fomm.likeness import nearest_pose
from fomm.motion import (
    POINTS,
    KeyPoints,
    KeyPointTrack,
    hull_area,
    inverse,
    key_points_between,
    relative,
    scale_between,
)

DATA = np.load(Path(__file__).parent / "data" / "forward.npz")


def seen(name):
    return KeyPoints(DATA[f"kp_{name}_value"][0], DATA[f"kp_{name}_jacobian"][0])


def at(x, turn=1.0):
    """A triangle of points about x, the picture around them `turn` times as large."""
    places = np.resize([[x, 0], [x + 0.2, 0], [x, 0.2]], (POINTS, 2))
    jacobians = np.tile(turn * np.eye(2), (POINTS, 1, 1))
    return KeyPoints(places.astype(np.float32), jacobians.astype(np.float32))


@pytest.mark.parametrize("name", ["source", "initial"])
def test_the_hull_s_area(name):
    assert hull_area(seen(name).places) == pytest.approx(DATA[f"hull_area_{name}"], rel=1e-5)


@pytest.mark.parametrize("mode", ["relative", "relative_scaled"])
def test_relative_motion_is_the_original_s(mode):
    own, initial = seen("source"), seen("initial")
    scale = scale_between(own, initial) if mode == "relative_scaled" else 1.0
    made, wanted = relative(own, seen("driving"), initial, scale), seen(mode)
    for part in ("places", "jacobians"):
        ours, theirs = getattr(made, part), getattr(wanted, part)
        assert np.abs(ours - theirs).max() <= 1e-4 * np.abs(theirs).max()


def test_the_inverse_of_many_matrices():
    matrices = DATA["kp_driving_jacobian"]
    unit = np.broadcast_to(np.eye(2), matrices.shape)
    assert np.allclose(inverse(matrices) @ matrices, unit, atol=1e-4)
    assert not np.isfinite(inverse(np.zeros((1, 2, 2), np.float32))).any()


def test_points_without_an_area_leave_the_scale():
    line = KeyPoints(np.zeros((POINTS, 2), np.float32), at(0).jacobians)
    assert scale_between(at(0), line) == 1 and scale_between(line, at(0)) == 1


def test_what_lies_between_two_frames():
    middle = key_points_between(at(0, 1), at(0.4, 2), 0.25)
    assert middle.places[0, 0] == pytest.approx(0.1)
    assert middle.jacobians[0, 0, 0] == pytest.approx(1.25)


def test_a_track_keeps_the_numbers():
    track = KeyPointTrack.of(at(x) for x in (0.0, 0.1, 0.2))
    assert len(track) == 3
    assert np.array_equal(track[1].places, at(0.1).places)
    with pytest.raises(ValueError, match="without key points"):
        KeyPointTrack.of([])


def places_of(driving, own, fps):
    return [round(float(one.places[0, 0]), 4) for one in driving.moved(own, Fraction(fps))]


def test_the_photo_moves_as_the_video_has_since_its_frame():
    driving = DrivingPoints(Fraction(25), KeyPointTrack.of(map(at, (0.1, 0.2, 0.4))), initial=1)
    assert places_of(driving, at(-0.5), 25) == [-0.6, -0.5, -0.3]


def test_absolute_motion_is_the_video_s_own():
    driving = DrivingPoints(Fraction(25), KeyPointTrack.of(map(at, (0.1, 0.2))), initial=None)
    assert places_of(driving, at(-0.5), 25) == [0.1, 0.2]


@pytest.mark.parametrize(
    ("fps", "wanted"),
    [
        (50, [0.0, 0.1, 0.2, 0.3, 0.4, 0.4]),
        ("25/2", [0.0, 0.4]),
        (30, [0.0, 0.1667, 0.3333, 0.4]),
    ],
)
def test_another_rate_is_reached_by_what_lies_between(fps, wanted):
    driving = DrivingPoints(Fraction(25), KeyPointTrack.of(map(at, (0.0, 0.2, 0.4))), initial=None)
    assert places_of(driving, at(0), fps) == wanted
    assert driving.duration == Fraction(3, 25)


@pytest.mark.parametrize(("fps", "initial"), [(0, 0), (25, 2), (25, -1)])
def test_a_motion_that_cannot_be(fps, initial):
    with pytest.raises(ValueError, match="a motion from frame"):
        DrivingPoints(Fraction(fps), KeyPointTrack.of([at(0), at(1)]), initial)


SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.4]])


def turned(degrees):
    angle = np.radians(degrees)
    return SQUARE @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def test_the_nearest_pose_is_found_wherever_it_lies_and_however_large():
    frames = [turned(20), None, 7 * turned(4) + [100, 50], turned(-9)]
    assert nearest_pose(3 * SQUARE - 20, frames) == 2


def test_without_points_there_is_no_nearest_pose():
    assert nearest_pose(SQUARE, [None, None]) is None
    assert nearest_pose(SQUARE, []) is None
