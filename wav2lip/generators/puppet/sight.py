"""Keeping the mouth in sight: its place from frame to frame, steadied."""

from dataclasses import dataclass

import numpy as np

from wav2lip.generators.batch import SIDE
from wav2lip.generators.puppet.mouth import Axes, Candidates, Face, Floats, Mouth, find
from wav2lip.generators.puppet.warp import Place

STEADY = 0.4  # share of the new frame; the rest is what was seen before
MOVED = 0.3  # of half the mouth's width: lips that moved so far are no noise
JUMP = 0.3  # of half the mouth's width: landmarks that move further belong to another shot


@dataclass(frozen=True)
class Sight:
    """The mouth of one frame."""

    face: Face
    given: Floats  # (5, 2) landmarks as they came
    landmarks: Floats  # and steadied
    mouth: Mouth
    place: Place


def seen(last: Sight | None, face: Face, landmarks: Floats, candidates: Candidates) -> Sight | None:
    """The mouth in this frame, near to where it was in the last; nothing without a mouth."""
    if last and np.array_equal(last.given, landmarks) and np.array_equal(last.face, face):
        return last
    near = last if last and _near(last, landmarks) else None
    steady = landmarks if near is None else near.landmarks + STEADY * (landmarks - near.landmarks)
    axes = Axes.of(steady)
    if axes is None:
        return None
    mouth = find(face, axes, candidates)
    mouth = mouth if near is None else near.mouth.towards(mouth, _share(near.mouth, mouth))
    return Sight(face, landmarks, steady, mouth, Place.of(axes, mouth, SIDE))


def _share(before: Mouth, now: Mouth) -> float:
    """All of the new one where lips really moved, as those of somebody who speaks already."""
    moved = np.abs(now.upper - before.upper) + np.abs(now.lower - before.lower)
    return min(1.0, max(STEADY, float(moved[[0, 2]].sum()) / MOVED))


def _near(last: Sight, landmarks: Floats) -> bool:
    return float(np.abs(landmarks - last.landmarks).max()) < JUMP * last.place.axes.half
