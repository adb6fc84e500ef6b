"""Follow the mouth from frame to frame: what is slow to change is smoothed in time."""

from dataclasses import dataclass, replace

import numpy as np

from base.lips import Lips
from base.planes import Planes
from puppet.contours import FaceShape, Floats
from puppet.draw import SeenMouth
from puppet.field import Grid
from puppet.palette import Palette, palette_of
from puppet.teeth import teeth_edge
from puppet.valley import closed_share, valley_offset

LOOK_EVERY = 6  # frames: colours and the line between closed lips change slowly
COLOR_SHARE = 0.4  # of a new frame's colours; the frames before it have the rest
VALLEY_SHARE = 0.6  # of a new frame's line between closed lips
NEW_SHOT = 0.5  # in the mouth's unit: lips that move further from one frame to the next are others
OPEN_AT_REST = 0.018  # a mouth that is so far open at rest shows its own inside


@dataclass(frozen=True, eq=False)
class FollowedMouth:
    """The mouth of one frame."""

    age: int  # frames since the shot's first
    lips: Floats  # (POINTS, 2) in patch pixels
    valley: Floats  # (11,) from the middle of the inner lips to the line where they meet
    seen: SeenMouth


def follow_mouth(
    last: FollowedMouth | None, picture: Planes, lips: Lips, rest_gap: float
) -> FollowedMouth | None:
    """The mouth in this frame, smoothed with the last one's; None where there can be none."""
    if last and np.array_equal(last.lips, lips.points) and last.seen.picture.equals(picture):
        return last
    if last and not _is_same_shot(last, lips):
        last = None
    face = FaceShape.of(lips)
    if face is None:
        return None
    age = last.age + 1 if last else 0
    if last and age % LOOK_EVERY:
        valley, palette = last.valley, last.seen.palette
    else:
        valley, palette = _valley(last, picture, face), _palette(last, picture, face)
    face = _with_valley(face, valley)
    is_open = rest_gap > OPEN_AT_REST
    teeth = teeth_edge(picture, face, palette) if is_open else None
    grid = Grid.over(picture.size, face)
    seen = SeenMouth(picture, face, palette, rest_gap, is_open, teeth, grid)
    return FollowedMouth(age, lips.points, valley, seen)


def _is_same_shot(last: FollowedMouth, lips: Lips) -> bool:
    motion = float(np.abs(lips.points - last.lips).max())
    return motion < NEW_SHOT * last.seen.face.axes.unit


def _palette(last: FollowedMouth | None, picture: Planes, face: FaceShape) -> Palette:
    palette = palette_of(picture, face)
    return last.seen.palette.towards(palette, COLOR_SHARE) if last else palette


def _valley(last: FollowedMouth | None, picture: Planes, face: FaceShape) -> Floats:
    share = closed_share(face.contours.gap)
    if share == 0:
        return last.valley if last else np.zeros(len(face.contours.lower_inner))
    valley = valley_offset(picture, face)
    return last.valley + VALLEY_SHARE * share * (valley - last.valley) if last else valley


def _with_valley(face: FaceShape, valley: Floats) -> FaceShape:
    """The face with the inner lips of a closed mouth on the line where they meet."""
    contours, share = face.contours, closed_share(face.contours.gap)
    if share == 0:
        return face
    middle = contours.middle
    line = middle[:, 1] + valley
    lower, upper = contours.lower_inner[:, 1], contours.upper_inner
    line_above = np.interp(upper[:, 0], middle[:, 0], line)
    contours = contours.with_inner(
        upper[:, 1] + share * (line_above - upper[:, 1]), lower + share * (line - lower)
    )
    return replace(face, contours=contours)
