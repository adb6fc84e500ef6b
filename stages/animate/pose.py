"""How a head is held at one moment, against the photo."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Pose:
    """All 0: as in the photo. Lengths are in the distance of the eyes' outer corners."""

    yaw: float = 0.0  # degrees to the picture's right
    pitch: float = 0.0  # degrees down
    roll: float = 0.0  # degrees clockwise
    x: float = 0.0
    y: float = 0.0
    breath: float = 0.0  # how far the shoulders rise
    brow: float = 0.0  # how far the brows rise
    blink: float = 0.0  # how far the eyes are closed: 0 not, 1 entirely

    def __post_init__(self) -> None:
        if not all(np.isfinite(getattr(self, one.name)) for one in fields(self)):
            raise ValueError(f"a pose with a number that is none: {self}")
        if not 0 <= self.blink <= 1:
            raise ValueError(f"eyes close from 0 to 1, not {self.blink}")

    def times(self, share: float, turn: float = 1.0) -> "Pose":
        """So much of all motion but the blink, and again so much of what turns with a face."""
        return Pose(
            yaw=self.yaw * share * turn,
            pitch=self.pitch * share * turn,
            roll=self.roll * share,
            x=self.x * share,
            y=self.y * share,
            breath=self.breath * share,
            brow=self.brow * share * turn,
            blink=self.blink,
        )

    @property
    def rotation(self) -> NDArray[np.float64]:
        """(3, 3), about x, y to the bottom, and depth away from the viewer."""
        yaw, pitch, roll = np.radians([self.yaw, self.pitch, self.roll])
        about_z = _turn(roll, 0, 1)
        return np.asarray(about_z @ _turn(pitch, 1, 2) @ _turn(yaw, 0, 2))


def _turn(angle: float, first: int, second: int) -> NDArray[np.float64]:
    matrix = np.eye(3)
    cos, sin = np.cos(angle), np.sin(angle)
    matrix[[first, second], [first, second]] = cos
    matrix[first, second], matrix[second, first] = -sin, sin
    return matrix
