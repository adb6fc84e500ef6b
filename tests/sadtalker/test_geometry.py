"""A head's angles and key points, as the original turns and moves them."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from sadtalker.geometry import Motion, degrees_of, moved_points, rotations
from tests.sadtalker_networks import assert_close, case


def motion_of(numbers):
    """As the mapping network gave it."""
    data = case("mapping")
    angles = (degrees_of(data[f"{numbers}_{angle}"]) for angle in ("yaw", "pitch", "roll"))
    return Motion(*angles, data[f"{numbers}_t"], data[f"{numbers}_exp"].reshape(-1, 15, 3))


@pytest.mark.parametrize("numbers", ["m70", "m73"])
class TestAsTheOriginal:
    def test_degrees(self, numbers):
        motion = motion_of(numbers)
        degrees = np.stack([motion.yaw, motion.pitch, motion.roll], 1)
        assert_close(degrees, case("mapping")[f"{numbers}_degrees"])

    def test_rotations(self, numbers):
        assert_close(rotations(motion_of(numbers)), case("mapping")[f"{numbers}_rotation"], 1e-6)

    def test_key_points(self, numbers):
        motion = motion_of(numbers)
        for place, canonical in enumerate(case("mapping")["kp_canonical"]):
            moved = moved_points(canonical, motion)[place]
            assert_close(moved, case("mapping")[f"{numbers}_kp_out"][place])

    def test_another_yaw(self, numbers):
        motion = replace(motion_of(numbers), yaw=case("mapping")["yaw_in"])
        for place, canonical in enumerate(case("mapping")["kp_canonical"]):
            moved = moved_points(canonical, motion)[place]
            assert_close(moved, case("mapping")[f"{numbers}_kp_out_yaw_in"][place])


def test_a_motion_has_as_many_angles_as_frames():
    motion = motion_of("m70")
    with pytest.raises(ValueError, match="angles"):
        replace(motion, yaw=motion.yaw[:1])
    with pytest.raises(ValueError, match="a motion of"):
        replace(motion, offsets=motion.offsets[:, :14])
