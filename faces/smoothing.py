"""A track without tremble: every face is a fit to those before and after it, so nothing lags.

Box and landmarks are fitted as one, with one set of weights: they move together.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from base.errors import UsageError
from faces import face
from faces.face import FaceTrack

Rows = NDArray[np.float64]  # (faces, 14): centre x y, log of width and height, five landmarks x y

QUICK, CALM = 2.0, 4.0  # frames, spread of the weights: for a head that moves, for one that rests
TREMBLE = 0.003  # of the face's size: by so much a resting face seems to move
BLOCK = 1000  # faces that are fitted together: that takes ten times their own memory
SMOOTH_MODES = {"light": 0.5, "medium": 1.0, "strong": 2.0}  # spread, in windows


@dataclass(frozen=True)
class Smoothing:
    """How much a track is steadied."""

    steady: bool = True  # take out the detector's tremble; off with --nosmooth
    temporal: bool = False  # --temporal_smooth: calm the head's own motion too
    window: int = 3  # frames
    mode: str = "light"

    def __post_init__(self) -> None:
        if self.window < 1:
            raise UsageError(f"--smooth_window {self.window}: 1 frame or more")
        if self.mode not in SMOOTH_MODES:
            raise UsageError(f"--smooth_mode {self.mode}: use {', '.join(SMOOTH_MODES)}")


def smoothed(track: FaceTrack, cuts: Sequence[int], smoothing: Smoothing) -> FaceTrack:
    """The track steadied within each unbroken run of faces; `cuts` are frames that start anew."""
    if smoothing.steady:
        track = _fitted(track, cuts, steadied, _reach(QUICK) + _reach(CALM))
    if smoothing.temporal:
        spread = smoothing.window * SMOOTH_MODES[smoothing.mode]
        fit = partial(local_fit, spread=spread, degree=1)
        track = _fitted(track, cuts, fit, _reach(spread))
    return track


def steadied(rows: Rows) -> Rows:
    """A narrow fit where the head moves, a wide one where it rests, and between them gradually."""
    quick, calm = local_fit(rows, QUICK, degree=2), local_fit(rows, CALM, degree=2)
    motion = local_fit(_distance(quick, calm) ** 2, QUICK, degree=0)
    return calm + motion / (motion + TREMBLE**2) * (quick - calm)


def local_fit(rows: Rows, spread: float, degree: int) -> Rows:
    """At each row the value of the polynomial that fits those around it, weighted by a Gaussian.

    At the ends the same fit has neighbours on one side only: the value stays right there.
    """
    degree = min(degree, len(rows) // 2)
    reach = _reach(spread)
    times = np.arange(-reach, reach + 1) / spread
    kernels = [np.exp(-(times**2) / 2) * times**power for power in range(2 * degree + 1)]
    ones = np.ones((len(rows), 1))
    sums = [_correlated(ones, kernel)[:, 0] for kernel in kernels]
    powers = range(degree + 1)
    left = np.stack([np.stack([sums[i + j] for j in powers], 1) for i in powers], 1)
    right = np.stack([_correlated(rows, kernels[i]) for i in powers], 1)
    return np.asarray(np.linalg.solve(left, right)[:, 0])


def _reach(spread: float) -> int:
    """How many rows to each side have any weight."""
    return math.ceil(3 * spread)


def runs(track: FaceTrack, cuts: Sequence[int]) -> Iterator[range]:
    """The frames in a row that show the face without a cut."""
    seen = track.seen
    changes = np.flatnonzero(np.diff(seen, prepend=False, append=False))
    inside = (cut for cut in cuts if cut < len(track))
    ends = sorted({*changes.tolist(), *inside, len(track)})
    yield from (range(*pair) for pair in pairwise(ends) if seen[pair[0]])


def to_rows(faces: face.Rows) -> Rows:
    edges = faces[:, face.EDGES]
    ends, starts = edges[:, [3, 1]], edges[:, [2, 0]]  # right and bottom, left and top
    return np.hstack([(starts + ends) / 2, np.log(ends - starts), faces[:, face.PLACES]])


def from_rows(rows: Rows, scores: NDArray[np.float64]) -> face.Rows:
    centres, halves = rows[:, :2], np.exp(rows[:, 2:4]) / 2
    (left, top), (right, bottom) = (centres - halves).T, (centres + halves).T
    return np.column_stack([scores, top, bottom, left, right, rows[:, 4:]])


def _fitted(
    track: FaceTrack, cuts: Sequence[int], fit: Callable[[Rows], Rows], reach: int
) -> FaceTrack:
    """Each run fitted, where a row's fit depends on `reach` rows to each side of it."""
    rows = track.rows.copy()
    for run in runs(track, cuts):
        for start in range(run.start, run.stop, BLOCK):
            block = slice(start, min(start + BLOCK, run.stop))
            first = max(start - reach, run.start)
            fitted = fit(to_rows(track.rows[first : min(block.stop + reach, run.stop)]))
            fitted = fitted[start - first :][: block.stop - start]
            rows[block] = from_rows(fitted, rows[block, face.SCORE])
    return FaceTrack(rows)


def _distance(one: Rows, other: Rows) -> Rows:
    """(faces, 1): how far the two are apart in all, in sizes of the face."""
    apart = one - other
    size = np.exp(other[:, 2:4].mean(1))
    apart[:, [0, 1, *range(4, apart.shape[1])]] /= size[:, None]
    return np.asarray(np.sqrt((apart**2).mean(1, keepdims=True)))


def _correlated(rows: Rows, kernel: NDArray[np.float64]) -> Rows:
    reach = len(kernel) // 2
    columns = [np.convolve(column, kernel[::-1])[reach : reach + len(rows)] for column in rows.T]
    return np.stack(columns, 1)
