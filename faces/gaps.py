"""Frames without the face: which stay so, and which are filled."""

import math
from collections.abc import Sequence
from itertools import chain, pairwise

import numpy as np

from faces.face import Face, FaceTrack
from faces.follow import SURE
from faces.smoothing import from_row, runs, to_row

FARTHEST = 1.0  # widths that a face moves unseen, at most


def believed(track: FaceTrack, cuts: Sequence[int]) -> FaceTrack:
    """Without the runs that were never beyond doubt, unless there are no others."""
    sure = [run for run in runs(track, cuts) if _best_score(track, run) >= SURE]
    if not sure:
        return track
    kept = set(chain.from_iterable(sure))
    return FaceTrack(tuple(face if i in kept else None for i, face in enumerate(track)))


def bridged(track: FaceTrack, cuts: Sequence[int], longest: int) -> FaceTrack:
    """Gaps of up to `longest` frames filled evenly, where one shot shows the face on both sides."""
    faces = list(track)
    known = [index for index, face in enumerate(faces) if face is not None]
    for first, last in pairwise(known):
        before, after = faces[first], faces[last]
        if before is None or after is None or not 1 < last - first <= longest + 1:
            continue
        if _one_motion(before, after) and not any(first < cut <= last for cut in cuts):
            faces[first + 1 : last] = _between(before, after, last - first)
    return FaceTrack(tuple(faces))


def stretched(track: FaceTrack, cuts: Sequence[int]) -> FaceTrack:
    """The first and last face of each shot held up to its ends."""
    faces, begins = list(track), set(cuts)
    for index in range(1, len(faces)):
        if index not in begins:
            faces[index] = faces[index] or faces[index - 1]
    for index in reversed(range(len(faces) - 1)):
        if index + 1 not in begins:
            faces[index] = faces[index] or faces[index + 1]
    return FaceTrack(tuple(faces))


def _best_score(track: FaceTrack, run: range) -> float:
    return max(face.score for face in track.faces[run.start : run.stop] if face is not None)


def _one_motion(before: Face, after: Face) -> bool:
    way = math.dist(before.box.centre, after.box.centre)
    return way <= FARTHEST * max(before.box.width, after.box.width)


def _between(before: Face, after: Face, steps: int) -> list[Face]:
    """The faces on the even way from one to the other, both excluded."""
    start, end = to_row(before), to_row(after)
    score = min(before.score, after.score)
    return [from_row(start + (end - start) * part, score) for part in np.arange(1, steps) / steps]
