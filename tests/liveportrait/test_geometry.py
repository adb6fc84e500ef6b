"""Turns, points, crop and mask are those of the published program, and a motion is put on a head.

`data/geometry.npz` holds numbers that the original computed.
"""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from base.geometry import Landmarks
from liveportrait.crop import SIDE, FaceSquare, seamless_mask, soft_mask, widened
from liveportrait.driving import DrivingPoses
from liveportrait.geometry import (
    MOUTH_POINTS,
    POINTS,
    Head,
    Pose,
    degrees_of,
    driven,
    pose_between,
    rotation_of,
)

GIVEN = np.load(Path(__file__).parent / "data" / "geometry.npz")


def head(seed=0, angles=(5.0, -10.0, 3.0), scale=1.4):
    rng = np.random.default_rng(seed)
    points, expression = rng.normal(0, 0.1, (2, POINTS, 3)).astype(np.float32)
    shift = rng.normal(0, 0.1, 3).astype(np.float32)
    return Head(points, expression, rotation_of(*angles), scale, shift)


def pose(angles=(0.0, 0.0, 0.0), scale=1.0, seed=1):
    return Pose.of(head(seed, angles, scale))


@pytest.mark.parametrize("row", range(6))
def test_turns_are_the_originals(row):
    angles = GIVEN["angles_pitch_yaw_roll_deg"][row]
    assert np.abs(rotation_of(*angles) - GIVEN["rotation"][row]).max() < 1e-6


def test_points_are_the_originals_but_for_their_depth():
    """The other program also moves the depth by the translation, which the original does not."""
    one = Head(
        GIVEN["kp"][0],
        GIVEN["exp"][0],
        GIVEN["rotation"][4],
        float(GIVEN["scale"][0, 0]),
        GIVEN["translation"][0],
    )
    difference = GIVEN["points_of_angles4"][0] - one.placed
    assert np.abs(difference - (0, 0, 0.3)).max() < 1e-6


def test_the_square_is_the_originals():
    spread = widened(GIVEN["landmarks5"])
    assert np.abs(spread - GIVEN["landmarks5_x1.5"]).max() < 1e-9
    square = FaceSquare.of(Landmarks.of(GIVEN["landmarks5"])).to_square
    matrix = [[square.a, square.b, square.c], [square.d, square.e, square.f]]
    assert np.abs(np.array(matrix) - GIVEN["matrix_ffhq_512_x1.5"]).max() < 1e-4


def test_the_mask_is_the_originals_and_ours_ends_in_nothing():
    mask = soft_mask()
    assert np.abs(mask[256] - GIVEN["box_mask_row256"]).max() < 1e-6
    assert np.abs(np.diag(mask) - GIVEN["box_mask_diagonal"]).max() < 1e-6
    ours = seamless_mask()
    assert max(edge.max() for edge in (ours[0], ours[-1], ours[:, 0], ours[:, -1])) < 1e-6
    assert np.abs(ours - mask).max() < 0.06 and ours[256, 256] > 0.999


def test_an_angle_is_in_degrees_or_in_bins():
    bins = np.full(66, -1e3, np.float32)
    bins[[40, 41]] = 0
    assert degrees_of(bins[None]) == pytest.approx(3 * 40.5 - 97.5)
    assert degrees_of(np.array(12.5, np.float32)) == 12.5


def test_the_first_pose_leaves_the_head_as_it_is():
    still, first = head(), pose((10.0, 20.0, 5.0), 1.3)
    moved = driven(still, first, first)
    assert np.abs(moved.placed - still.placed).max() < 1e-6


def test_a_head_moves_as_another_one_has_moved_and_keeps_its_mouth():
    still, first = head(), pose((0.0, 5.0, 0.0), 1.2)
    second = pose((0.0, 25.0, 0.0), 1.5, seed=2)
    moved = driven(still, second, first)
    turn = rotation_of(0.0, 20.0, 0.0) @ still.rotation
    assert np.abs(moved.rotation - turn).max() < 1e-5
    assert moved.scale == pytest.approx(still.scale * 1.5 / 1.2)
    change = moved.expression - still.expression
    others = [i for i in range(POINTS) if i not in MOUTH_POINTS]
    assert np.abs(change - (second.expression - first.expression))[others].max() < 1e-6
    assert not change[list(MOUTH_POINTS)].any()


def test_half_way_between_two_turns_is_half_the_turn():
    middle = pose_between(pose((0.0, 0.0, 0.0)), pose((0.0, 20.0, 0.0)), 0.5)
    assert np.abs(middle.rotation - rotation_of(0.0, 10.0, 0.0)).max() < 1e-6


@pytest.mark.parametrize("fps", [25, 50, Fraction(30000, 1001)])
def test_a_motion_is_sampled_at_the_outputs_times(fps):
    poses = tuple(pose((0.0, float(i), 0.0)) for i in range(26))
    sampled = list(DrivingPoses(Fraction(25), poses).at_rate(Fraction(fps)))
    assert len(sampled) == -(-26 * Fraction(fps) // 25)
    for index, one in enumerate(sampled):
        yaw = np.degrees(np.arctan2(one.rotation[0, 2], one.rotation[2, 2]))
        assert yaw == pytest.approx(min(float(index * 25 / Fraction(fps)), 25.0), abs=1e-3)
    assert sampled[0] is poses[0]


@pytest.mark.parametrize("wrong", [{"points": np.zeros((20, 3))}, {"scale": 0.0}])
def test_half_a_head_is_refused(wrong):
    fields = {**vars(head()), **wrong}
    with pytest.raises(ValueError, match="a head"):
        Head(**fields)


def test_the_square_lies_on_the_face():
    """The middle of the eyes is near the middle of the square."""
    eyes = (GIVEN["landmarks5"][0] + GIVEN["landmarks5"][1]) / 2
    (place,) = FaceSquare.of(Landmarks.of(GIVEN["landmarks5"])).to_square(eyes[None])
    assert np.abs(place - SIDE / 2).max() < 15
