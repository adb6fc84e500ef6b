"""Hold back what would show a fault: a face at the border or turned moves less.

Also eyes that cannot be seen well do not blink.
"""

from dataclasses import dataclass, replace

import numpy as np

from stages.animate.field import Puller, strain
from stages.animate.motion import ACROSS, ALONG, BREATH, PITCH, ROLL, YAW
from stages.animate.portrait import Eye, Portrait
from stages.animate.pose import Pose

MOST_STRAIN = 0.115, 0.20  # of the person, and of the background
STRAIGHT, TURNED = 14.0, 40.0  # degrees: up to here a face moves freely; from here by LEAST
LEAST = 0.3
MOST_TURNED = 32.0  # degrees: the far eye of a face that is turned more is not seen well
UNSTEADY = 0.045  # widths that an eye's lids may differ between looks at it
SMALLEST = 9.0  # pixels that an eye is wide at least
OPEN = 0.10, 0.75  # widths that an eye is open: less is closed, more is no eye
UNLIKE = 0.35  # share by which the openings of the two eyes may differ
EXTREMES = (
    Pose(yaw=YAW),
    Pose(yaw=-YAW),
    Pose(pitch=PITCH),
    Pose(pitch=-PITCH),
    Pose(roll=ROLL, x=-ACROSS),
    Pose(roll=-ROLL, x=ACROSS),
    Pose(x=ACROSS, y=ALONG),
    Pose(y=-ALONG, breath=BREATH),
)


@dataclass(frozen=True)
class Restraint:
    """How much of its motion a portrait may show."""

    share: float
    turn: float
    can_blink: bool

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user may want to know of it."""
        notes = []
        if self.share < 1:
            notes.append(f"moves {self.share:.0%} as far: more would stretch the picture")
        if self.turn < 1:
            notes.append(f"turns {self.turn:.0%} as far: the face is turned already")
        if not self.can_blink:
            notes.append("does not blink: its eyes are not seen well")
        return tuple(notes)

    def __call__(self, pose: Pose) -> Pose:
        if not self.can_blink:
            pose = replace(pose, blink=0.0)
        return pose.times(self.share, self.turn)


def restraint_of(portrait: Portrait, puller: Puller, scale: float, can_blink: bool) -> Restraint:
    """What keeps the picture from being stretched, at motion of this scale."""
    turned = (portrait.turn - STRAIGHT) / (TURNED - STRAIGHT)
    turn = 1 - (1 - LEAST) * min(max(turned, 0.0), 1.0)
    poses = [pose.times(scale, turn) for pose in EXTREMES]
    share = min((_share(puller, pose) for pose in poses), default=1.0)
    return Restraint(share, turn, can_blink)


def _share(puller: Puller, pose: Pose) -> float:
    """How much of a pose strains the picture as much as it may; 1 where all of it may."""
    strains = strain(puller.forward(pose), puller.grid.cell)
    body = puller.zones.body
    pairs = zip(MOST_STRAIN, (strains[body], strains[~body]), strict=True)
    shares = [most / max(float(part.max(initial=0)), 1e-9) for most, part in pairs]
    return min(1.0, *shares)


def can_blink(portrait: Portrait) -> bool:
    """Whether both eyes are open and their lids are known; one alone never blinks."""
    left, right = portrait.left_eye, portrait.right_eye
    if left is None or right is None or portrait.turn > MOST_TURNED:
        return False
    openings = opening(left, portrait), opening(right, portrait)
    alike = min(openings) >= (1 - UNLIKE) * max(openings) - 0.05
    return alike and _can_close(left, portrait) and _can_close(right, portrait)


def _can_close(eye: Eye, portrait: Portrait) -> bool:
    least, most = OPEN
    large = eye.lids.width >= SMALLEST
    return large and eye.unsteady <= UNSTEADY and least <= opening(eye, portrait) <= most


def opening(eye: Eye, portrait: Portrait) -> float:
    """How far an eye is open in its middle, in its width."""
    gap = (eye.lids.lower[4] - eye.lids.upper[4]) @ portrait.down
    return float(np.divide(gap, max(eye.lids.width, 1e-6)))
