"""Frames without the face: which stay so, and which are filled."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from faces.face import NOBODY, SCORE, Face, FaceTrack, Rows
from faces.follow import SURE
from faces.smoothing import from_rows, runs, to_rows

FARTHEST = 1.0  # widths that a face moves unseen, at most


def believed(track: FaceTrack, cuts: Sequence[int]) -> FaceTrack:
    """Without the runs that were never beyond doubt, unless there are no others."""
    rows = np.tile(NOBODY, (len(track), 1))
    for run in runs(track, cuts):
        seen = track.rows[run.start : run.stop]
        if seen[:, SCORE].max() >= SURE:
            rows[run.start : run.stop] = seen
    sure = FaceTrack(rows)
    return sure if sure.found else track


def bridged(track: FaceTrack, cuts: Sequence[int], longest: int) -> FaceTrack:
    """Gaps of up to `longest` frames filled evenly, where one shot shows the face on both sides."""
    rows = track.rows.copy()
    known = np.flatnonzero(track.seen)
    steps = np.diff(known)
    for gap in np.flatnonzero((steps > 1) & (steps <= longest + 1)):
        first, last = known[gap : gap + 2].tolist()
        if _one_motion(track[first], track[last]) and not any(first < cut <= last for cut in cuts):
            rows[first + 1 : last] = _between(rows[[first, last]], last - first)
    return FaceTrack(rows)


def stretched(track: FaceTrack, cuts: Sequence[int]) -> FaceTrack:
    """The first and last face of each shot held up to its ends."""
    rows, seen = track.rows.copy(), track.seen
    for start, end in pairwise(sorted({0, *cuts, len(track)})):
        known = start + np.flatnonzero(seen[start:end])
        if len(known):
            before = np.searchsorted(known, np.arange(start, end), side="right") - 1
            rows[start:end] = track.rows[known[before.clip(0)]]
    return FaceTrack(rows)


def _one_motion(before: Face | None, after: Face | None) -> bool:
    if before is None or after is None:
        return False
    way = math.dist(before.box.centre, after.box.centre)
    return way <= FARTHEST * max(before.box.width, after.box.width)


def _between(ends: Rows, steps: int) -> Rows:
    """The faces on the even way from one to the other, both excluded."""
    start, end = to_rows(ends)
    parts = np.arange(1, steps)[:, None] / steps
    return from_rows(start + (end - start) * parts, np.full(steps - 1, ends[:, SCORE].min()))
