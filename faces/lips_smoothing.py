"""Smooth the lips of a track, the head's motion and the lips' own apart from each other.

The head's motion is that of points that do not move with the mouth. Both are fitted widely where
they rest and closely where they move: the network's points are steadier than a detector's box, so
that a wide fit would leave out more motion than jitter, and of speech the quick closings.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from base.lips import CONTOURS, LEFT_EYE, NOSE_BASE, NOSE_BRIDGE, NOSTRILS, RIGHT_EYE, ROW_OF
from faces.face import FaceTrack
from faces.lips_track import LipsPoints, LipsTrack
from faces.smoothing import FitRows, Smoothing, local_fit, reach_of, runs_of

STABLE = [ROW_OF[point] for point in (*LEFT_EYE, *RIGHT_EYE, NOSE_BRIDGE, NOSE_BASE, *NOSTRILS[:2])]
# The fit of what moves: of five openings a second it keeps 97 % at 25 frames a second.
MOVING_SPREAD, MOVING_DEGREE = 1.0, 4
RESTING_SPREAD, MOTION_SPREAD = 4.0, 2.0
JITTER = 0.0006  # of the face's height: the apparent motion of what rests
LONGEST_GAP = 5  # frames without lips that are bridged
BLOCK = 250  # frames that are fitted together

Complex = NDArray[np.complex128]  # x + iy
PointsFit = Callable[[LipsPoints], LipsPoints]


def smooth_lips(track: FaceTrack, cuts: Sequence[int], smoothing: Smoothing) -> None:
    """Bridge short gaps of the track's lips and smooth them, never across a cut, where they lie."""
    if track.lips is None:
        return
    _bridge_gaps(track.lips, track.has_face, cuts)
    for run in runs_of(track.has_face & track.lips.has_lips, cuts):
        (first,) = track.lips.points(slice(run.start, run.start + 1))
        fit = partial(_fit_points, first=_complex(first), smoothing=smoothing)
        _fit_in_place(track.lips, run, fit, _reach(smoothing))


def remove_jitter(rows: FitRows, counted: int) -> FitRows:
    """Fit closely where the rows move and widely where they rest, with a gradual transition.

    In heights of the face; the first `counted` columns say whether they move.
    """
    close = local_fit(rows, MOVING_SPREAD, MOVING_DEGREE)
    wide = local_fit(rows, RESTING_SPREAD, degree=2)
    apart = 2 * ((close - wide)[:, :counted] ** 2).mean(1, keepdims=True)  # of x and y together
    motion = local_fit(apart, MOTION_SPREAD, degree=0)
    return wide + motion / (motion + JITTER**2) * (close - wide)


def _reach(smoothing: Smoothing) -> int:
    """The number of frames to each side that a fit depends on."""
    jitter = reach_of(MOTION_SPREAD) + reach_of(RESTING_SPREAD) if smoothing.remove_jitter else 0
    return jitter + (reach_of(smoothing.spread) if smoothing.temporal else 0)


def _fit_points(points: LipsPoints, first: Complex, smoothing: Smoothing) -> LipsPoints:
    """Fit the head's motion against a run's first points, and the lips' shape beside it."""
    height = float(np.ptp(_real(first), axis=0).max())
    place, turn = _poses(_complex(points), first)
    shape = (_complex(points) - place[:, None]) / turn[:, None]
    pose = _to_rows(np.stack([place, turn * height], 1) / height)
    if smoothing.remove_jitter:
        pose = remove_jitter(pose, pose.shape[1])
        shape = _to_complex(remove_jitter(_to_rows(shape / height), 2 * CONTOURS)) * height
    if smoothing.temporal:
        pose = smoothing.steady(pose)
    place, turn = _to_complex(pose).T * [[height], [1]]
    return _real(shape * turn[:, None] + place[:, None])


def _poses(points: Complex, first: Complex) -> tuple[Complex, Complex]:
    """The middle of the stable points, and how they are turned and larger than at first."""
    still = first[STABLE] - first[STABLE].mean()
    place = points[:, STABLE].mean(1)
    turn = (points[:, STABLE] - place[:, None]) @ still.conj() / (np.abs(still) ** 2).sum()
    return place, turn


def _fit_in_place(lips: LipsTrack, run: range, fit: PointsFit, reach: int) -> None:
    """Fit block by block; the fit of a frame depends on `reach` frames to each side."""
    before = lips.points(slice(0, 0))
    for start in range(run.start, run.stop, BLOCK):
        stop = min(start + BLOCK, run.stop)
        after = lips.points(slice(start, min(stop + reach, run.stop)))
        points, passed = np.concatenate([before, after]), len(before)
        lips.put(slice(start, stop), fit(points)[passed : passed + stop - start])
        before = points[: passed + stop - start][max(0, passed + stop - start - reach) :]


def _bridge_gaps(lips: LipsTrack, has_face: NDArray[np.bool_], cuts: Sequence[int]) -> None:
    """Interpolate the lips in short gaps within a run of faces."""
    for run in runs_of(has_face, cuts):
        for before, after in _short_gaps(lips.has_lips[run.start : run.stop]):
            ends = [lips.points(slice(i, i + 1)) for i in (run.start + before, run.start + after)]
            parts = np.arange(1, after - before)[:, None, None] / (after - before)
            gap = slice(run.start + before + 1, run.start + after)
            lips.put(gap, ends[0] + (ends[1] - ends[0]) * parts)


def _short_gaps(there: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield the frames before and after each gap of at most LONGEST_GAP frames."""
    frames = np.flatnonzero(there)
    steps = np.diff(frames)
    for gap in np.flatnonzero((steps > 1) & (steps <= LONGEST_GAP + 1)):
        yield int(frames[gap]), int(frames[gap + 1])


def _complex(points: NDArray[np.float64]) -> Complex:
    return np.asarray(points[..., 0] + 1j * points[..., 1], np.complex128)


def _real(points: Complex) -> NDArray[np.float64]:
    return np.stack([points.real, points.imag], -1)


def _to_rows(points: Complex) -> FitRows:
    return _real(points).reshape(len(points), -1)


def _to_complex(rows: FitRows) -> Complex:
    return _complex(rows.reshape(len(rows), -1, 2))
