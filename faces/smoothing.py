"""Smooth a track: every face is fitted to those before and after it, so nothing lags.

Box and landmarks are fitted together, with the same weights: they move together.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from base.errors import UsageError
from faces import face
from faces.face import FaceTrack

# (faces, 14): centre x y, log of width and height, five landmarks x y
FitRows = NDArray[np.float64]
Fit = Callable[[FitRows], FitRows]

# Frames: standard deviation of the fit's weights, for a moving head and for a resting one.
MOVING_SPREAD, RESTING_SPREAD = 2.0, 4.0
JITTER = 0.003  # of the face's size: a resting face's apparent motion
BLOCK = 1000  # faces that are fitted together: that takes ten times their own memory
SMOOTH_MODES = {"light": 0.5, "medium": 1.0, "strong": 2.0}  # spread, in windows


@dataclass(frozen=True)
class Smoothing:
    """How much a track is smoothed."""

    remove_jitter: bool = True  # of the detector; off with --nosmooth
    temporal: bool = False  # --temporal_smooth: smooth the head's own motion, too
    window: int = 3  # frames
    mode: str = "light"

    def __post_init__(self) -> None:
        if self.window < 1:
            raise UsageError(f"--smooth_window {self.window}: 1 frame or more")
        if self.mode not in SMOOTH_MODES:
            raise UsageError(f"--smooth_mode {self.mode}: use {', '.join(SMOOTH_MODES)}")

    @property
    def spread(self) -> float:
        """Of the temporal fit, in frames."""
        return self.window * SMOOTH_MODES[self.mode]

    def steady(self, rows: FitRows) -> FitRows:
        """Fit the head's own motion."""
        return local_fit(rows, self.spread, degree=1)


def smooth_track(track: FaceTrack, cuts: Sequence[int], smoothing: Smoothing) -> FaceTrack:
    """Return the track smoothed within each unbroken run of faces; `cuts` are first frames."""
    if smoothing.remove_jitter:
        reach = reach_of(MOVING_SPREAD) + reach_of(RESTING_SPREAD)
        track = _fit_runs(track, cuts, remove_jitter, reach)
    if smoothing.temporal:
        track = _fit_runs(track, cuts, smoothing.steady, reach_of(smoothing.spread))
    return track


def remove_jitter(rows: FitRows) -> FitRows:
    """Fit narrowly where the head moves and widely where it rests, with a gradual transition."""
    narrow = local_fit(rows, MOVING_SPREAD, degree=2)
    wide = local_fit(rows, RESTING_SPREAD, degree=2)
    motion = local_fit(_distance(narrow, wide) ** 2, MOVING_SPREAD, degree=0)
    return wide + motion / (motion + JITTER**2) * (narrow - wide)


def local_fit(rows: FitRows, spread: float, degree: int) -> FitRows:
    """Return, for each row, the value of a polynomial fitted around it with Gaussian weights.

    At the ends the same fit has neighbours on one side only, so the values do not lag there.
    """
    degree = min(degree, len(rows) // 2)
    reach = reach_of(spread)
    times = np.arange(-reach, reach + 1) / spread
    kernels = [np.exp(-(times**2) / 2) * times**power for power in range(2 * degree + 1)]
    ones = np.ones((len(rows), 1))
    sums = [_correlate(ones, kernel)[:, 0] for kernel in kernels]
    powers = range(degree + 1)
    left = np.stack([np.stack([sums[i + j] for j in powers], 1) for i in powers], 1)
    right = np.stack([_correlate(rows, kernels[i]) for i in powers], 1)
    return np.asarray(np.linalg.solve(left, right)[:, 0])


def reach_of(spread: float) -> int:
    """The number of rows to each side that have any weight."""
    return math.ceil(3 * spread)


def unbroken_runs(track: FaceTrack, cuts: Sequence[int]) -> Iterator[range]:
    """Yield the ranges of frames that have the face and contain no cut."""
    yield from runs_of(track.has_face, cuts)


def runs_of(there: NDArray[np.bool_], cuts: Sequence[int]) -> Iterator[range]:
    """Yield the ranges of frames for which `there` is true and that contain no cut."""
    changes = np.flatnonzero(np.diff(there, prepend=False, append=False))
    inside = (cut for cut in cuts if cut < len(there))
    ends = sorted({*changes.tolist(), *inside, len(there)})
    yield from (range(*pair) for pair in pairwise(ends) if there[pair[0]])


def to_fit_rows(faces: face.Rows) -> FitRows:
    edges = faces[:, face.BOX_COLUMNS]
    ends, starts = edges[:, [3, 1]], edges[:, [2, 0]]  # right and bottom, left and top
    landmarks = faces[:, face.LANDMARK_COLUMNS]
    return np.hstack([(starts + ends) / 2, np.log(ends - starts), landmarks])


def from_fit_rows(rows: FitRows, scores: NDArray[np.float64]) -> face.Rows:
    centres, halves = rows[:, :2], np.exp(rows[:, 2:4]) / 2
    (left, top), (right, bottom) = (centres - halves).T, (centres + halves).T
    return np.column_stack([scores, top, bottom, left, right, rows[:, 4:]])


def _fit_runs(track: FaceTrack, cuts: Sequence[int], fit: Fit, reach: int) -> FaceTrack:
    """Fit each run; the fit of a row depends on `reach` rows to each side of it."""
    rows = track.rows.copy()
    for run in unbroken_runs(track, cuts):
        for start in range(run.start, run.stop, BLOCK):
            block = slice(start, min(start + BLOCK, run.stop))
            first = max(start - reach, run.start)
            fitted = fit(to_fit_rows(track.rows[first : min(block.stop + reach, run.stop)]))
            fitted = fitted[start - first :][: block.stop - start]
            rows[block] = from_fit_rows(fitted, rows[block, face.SCORE_COLUMN])
    return FaceTrack(rows, track.lips)


def _distance(first: FitRows, second: FitRows) -> FitRows:
    """(faces, 1): root mean square of the differences, relative to the face's size."""
    difference = first - second
    size = np.exp(second[:, 2:4].mean(1))
    difference[:, [0, 1, *range(4, difference.shape[1])]] /= size[:, None]
    return np.asarray(np.sqrt((difference**2).mean(1, keepdims=True)))


def _correlate(rows: FitRows, kernel: NDArray[np.float64]) -> FitRows:
    reach = len(kernel) // 2
    columns = [np.convolve(column, kernel[::-1])[reach : reach + len(rows)] for column in rows.T]
    return np.stack(columns, 1)
