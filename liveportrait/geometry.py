"""The head's motion in numbers: its angles, its points, and one head's motion put on another."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

POINTS = 21  # implicit points of a head, which no one placed
BINS, BIN_DEGREES, FIRST_BIN = 66, 3.0, -97.5  # an angle as the share of each bin
# The points that lips and jaw move with: the mouth is made from the sound.
MOUTH_POINTS = (3, 7, 14, 17, 18, 19, 20)

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Head:
    """What the motion network sees in a picture."""

    points: Floats  # (21, 3): of the head itself, without turn and expression
    expression: Floats  # (21, 3): how each point is moved by it
    rotation: Floats  # (3, 3)
    scale: float
    translation: Floats  # (3,)

    def __post_init__(self) -> None:
        shapes = [array.shape for array in (self.points, self.expression)]
        if shapes != [(POINTS, 3)] * 2 or self.rotation.shape != (3, 3):
            raise ValueError(f"a head of {shapes} points turned by {self.rotation.shape}")
        if self.translation.shape != (3,) or not self.scale > 0:
            raise ValueError(f"a head moved by {self.translation.shape}, {self.scale} times")

    @property
    def placed(self) -> Floats:
        """(21, 3): the points where the picture shows them; depth is not translated."""
        turned = self.points @ self.rotation.T + self.expression
        shift = self.translation * (1, 1, 0)
        return np.asarray(self.scale * turned + shift, np.float32)


@dataclass(frozen=True, eq=False)
class Pose:
    """A head's motion at a moment, whoever's it is."""

    expression: Floats  # (21, 3)
    rotation: Floats  # (3, 3)
    scale: float
    translation: Floats  # (3,)

    def __post_init__(self) -> None:
        shapes = self.expression.shape, self.rotation.shape, self.translation.shape
        if shapes != ((POINTS, 3), (3, 3), (3,)) or not self.scale > 0:
            raise ValueError(f"no pose: {shapes}, scale {self.scale}")

    @classmethod
    def of(cls, head: Head) -> "Pose":
        return cls(head.expression, head.rotation, head.scale, head.translation)


def rotation_of(pitch: float, yaw: float, roll: float) -> Floats:
    """Degrees about x, then y, then z, as a matrix that turns columns."""
    (cx, cy, cz), (sx, sy, sz) = (f(np.radians([pitch, yaw, roll])) for f in (np.cos, np.sin))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x, np.float32)


def degrees_of(angle: Floats) -> float:
    """An angle as the network gives it: in degrees, or as the likelihood of 66 of them."""
    values = angle.ravel().astype(np.float64)
    if len(values) != BINS:
        return float(values[0])
    shares = np.exp(values - values.max())
    return float(BIN_DEGREES * (shares / shares.sum() @ np.arange(BINS)) + FIRST_BIN)


def driven(head: Head, pose: Pose, first: Pose) -> Head:
    """The head moved as another one has moved since its first pose; the mouth keeps its own."""
    expression = head.expression + pose.expression - first.expression
    expression[list(MOUTH_POINTS)] = head.expression[list(MOUTH_POINTS)]
    return Head(
        head.points,
        expression,
        np.asarray(pose.rotation @ first.rotation.T @ head.rotation, np.float32),
        head.scale * pose.scale / first.scale,
        head.translation + pose.translation - first.translation,
    )


def pose_between(first: Pose, second: Pose, part: float) -> Pose:
    """The pose after `part` of the way from one to the other."""
    mixed = first.rotation + (second.rotation - first.rotation) * part
    left, _, right = np.linalg.svd(mixed)  # the turn nearest to the mean of two near turns
    return Pose(
        first.expression + (second.expression - first.expression) * np.float32(part),
        np.asarray(left @ right, np.float32),
        first.scale + (second.scale - first.scale) * part,
        first.translation + (second.translation - first.translation) * np.float32(part),
    )
