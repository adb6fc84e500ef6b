"""Follow the mouth from frame to frame, smoothed in time."""

from dataclasses import dataclass

import numpy as np

from base.geometry import Picture
from wav2lip.generators.batch import SIDE
from wav2lip.generators.puppet.mouth import AnyFloats, LipLines, Mouth, MouthAxes, find_mouth
from wav2lip.generators.puppet.warp import MouthCoordinates

SMOOTHING = 0.4  # weight of the new frame; the frames before it have the rest
REAL_MOTION = 0.3  # in halves of the mouth's width: lips that moved so far did not move by noise
NEW_SHOT = 0.3  # in halves of the mouth's width: landmarks that move further are of another shot


@dataclass(frozen=True)
class TrackedMouth:
    """The mouth of one frame."""

    face: Picture  # (96, 96, 3)
    raw_landmarks: AnyFloats  # (5, 2) as detected
    smoothed_landmarks: AnyFloats  # (5, 2)
    mouth: Mouth
    coordinates: MouthCoordinates


def track_mouth(
    last: TrackedMouth | None, face: Picture, landmarks: AnyFloats, lines: LipLines
) -> TrackedMouth | None:
    """Find the mouth in this frame, smoothed with the last frame's; None where there is none."""
    if last and np.array_equal(last.raw_landmarks, landmarks) and np.array_equal(last.face, face):
        return last
    previous = last if last and _is_same_shot(last, landmarks) else None
    smoothed = landmarks
    if previous is not None:
        before = previous.smoothed_landmarks
        smoothed = before + SMOOTHING * (landmarks - before)
    axes = MouthAxes.of(smoothed)
    if axes is None:
        return None
    mouth = find_mouth(face, axes, lines)
    if previous is not None:
        mouth = previous.mouth.interpolated(mouth, _weight(previous.mouth, mouth))
    return TrackedMouth(face, landmarks, smoothed, mouth, MouthCoordinates.of(axes, mouth, SIDE))


def _weight(before: Mouth, now: Mouth) -> float:
    """The weight of the new mouth: 1 where the lips really moved, as in a video of speech."""
    motion = np.abs(now.upper - before.upper) + np.abs(now.lower - before.lower)
    return min(1.0, max(SMOOTHING, float(motion[[0, 2]].sum()) / REAL_MOTION))


def _is_same_shot(last: TrackedMouth, landmarks: AnyFloats) -> bool:
    motion = float(np.abs(landmarks - last.smoothed_landmarks).max())
    return motion < NEW_SHOT * last.coordinates.axes.half_width
