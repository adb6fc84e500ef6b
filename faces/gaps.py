"""Drop doubtful faces from a track, and fill frames without the face."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from faces.face import NO_FACE_ROW, SCORE_COLUMN, Face, FaceTrack, Rows
from faces.follow import CERTAIN
from faces.smoothing import from_fit_rows, to_fit_rows, unbroken_runs

MAX_MOTION = 1.0  # widths that a face moves within a gap, at most
GLIMPSE = 1  # frames: of a mouth that is covered for no longer, the network was wrong


def drop_doubtful_runs(track: FaceTrack, cuts: Sequence[int]) -> FaceTrack:
    """Return the track without runs that have no certain face, unless all runs are like that.

    As of all tracks here, the lips stay those that were seen.
    """
    rows = np.tile(NO_FACE_ROW, (len(track), 1))
    for run in unbroken_runs(track, cuts):
        faces = track.rows[run.start : run.stop]
        if faces[:, SCORE_COLUMN].max() >= CERTAIN:
            rows[run.start : run.stop] = faces
    certain = FaceTrack(rows, track.lips)
    return certain if certain.face_count else track


def bridge_gaps(
    track: FaceTrack,
    cuts: Sequence[int],
    longest: int,
    covered: NDArray[np.bool_] | None = None,
) -> FaceTrack:
    """Interpolate gaps of up to `longest` frames that have the face on both sides in one shot.

    Gaps in which the face is `covered` for more than GLIMPSE frames stay.
    """
    rows = track.rows.copy()
    frames = np.flatnonzero(track.has_face)
    steps = np.diff(frames)
    for gap in np.flatnonzero((steps > 1) & (steps <= longest + 1)):
        first, last = frames[gap : gap + 2].tolist()
        cut = any(first < cut <= last for cut in cuts)
        hidden = covered is not None and covered[first:last].sum() > GLIMPSE
        if not cut and not hidden and _is_plausible_motion(track[first], track[last]):
            rows[first + 1 : last] = _interpolate(rows[[first, last]], last - first)
    return FaceTrack(rows, track.lips)


def extend_to_shot_ends(track: FaceTrack, cuts: Sequence[int]) -> FaceTrack:
    """Repeat each face until the next one, and the first and last of a shot to the shot's ends."""
    rows, has_face = track.rows.copy(), track.has_face
    for start, end in pairwise(sorted({0, *cuts, len(track)})):
        frames = start + np.flatnonzero(has_face[start:end])
        if len(frames):
            latest = np.searchsorted(frames, np.arange(start, end), side="right") - 1
            rows[start:end] = track.rows[frames[latest.clip(0)]]
    return FaceTrack(rows, track.lips)


def _is_plausible_motion(before: Face | None, after: Face | None) -> bool:
    if before is None or after is None:
        return False
    distance = math.dist(before.box.centre, after.box.centre)
    return distance <= MAX_MOTION * max(before.box.width, after.box.width)


def _interpolate(ends: Rows, steps: int) -> Rows:
    """(steps - 1, ROW_LENGTH): evenly spaced faces between the two `ends`."""
    start, end = to_fit_rows(ends)
    parts = np.arange(1, steps)[:, None] / steps
    scores = np.full(steps - 1, ends[:, SCORE_COLUMN].min())
    return from_fit_rows(start + (end - start) * parts, scores)
