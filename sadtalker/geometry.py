"""A head's motion in numbers, and the key points that it moves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

POINTS = 15  # key points of a head, which the network placed by itself
BINS, BIN_DEGREES, FIRST_BIN = 66, 3.0, -99.0  # an angle as the likelihood of each bin
PI = 3.14  # that the networks were trained with

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Motion:
    """Where the head is in each of n frames."""

    yaw: Floats  # (n,) degrees
    pitch: Floats
    roll: Floats
    shift: Floats  # (n, 3)
    offsets: Floats  # (n, 15, 3): how each key point is moved by the expression

    def __post_init__(self) -> None:
        count = len(self.shift)
        if self.shift.shape != (count, 3) or self.offsets.shape != (count, POINTS, 3):
            raise ValueError(f"a motion of {self.shift.shape} and {self.offsets.shape}")
        if any(angle.shape != (count,) for angle in (self.yaw, self.pitch, self.roll)):
            raise ValueError(f"a motion of {count} frames with other numbers of angles")


def degrees_of(likelihoods: Floats) -> Floats:
    """(n, 66) as the network gives them, before softmax -> (n,) degrees."""
    values = np.exp(likelihoods - likelihoods.max(1, keepdims=True), dtype=np.float64)
    shares = values / values.sum(1, keepdims=True)
    return np.asarray(shares @ np.arange(BINS) * BIN_DEGREES + FIRST_BIN, np.float32)


def rotations(motion: Motion) -> Floats:
    """(n, 3, 3): about x by pitch, then y by yaw, then z by roll; they turn columns."""
    about_x = _turn(motion.pitch, 1, 2)
    about_y = _turn(motion.yaw, 2, 0)
    about_z = _turn(motion.roll, 0, 1)
    return np.asarray(about_x @ about_y @ about_z, np.float32)


def moved_points(canonical: Floats, motion: Motion) -> Floats:
    """(15, 3), without pose and expression -> (n, 15, 3); the networks shift along y alone."""
    turned = canonical @ rotations(motion).transpose(0, 2, 1)
    shift = motion.shift[:, None] * np.array([0, 1, 0], np.float32)
    return np.asarray(turned + shift + motion.offsets, np.float32)


def _turn(degrees: Floats, first: int, second: int) -> NDArray[np.float64]:
    """(n, 3, 3): turns the first axis towards the second."""
    radians = degrees.astype(np.float64) / 180 * PI
    turn = np.tile(np.eye(3), (len(degrees), 1, 1))
    turn[:, first, first] = turn[:, second, second] = np.cos(radians)
    turn[:, second, first] = np.sin(radians)
    turn[:, first, second] = -np.sin(radians)
    return turn
