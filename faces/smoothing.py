"""A track without tremble: every face is a fit to those before and after it, so nothing lags.

Box and landmarks are fitted as one, with one set of weights: they move together.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from errors import UsageError
from faces.face import Face, FaceTrack
from geometry import Box, Landmarks

Rows = NDArray[np.float64]  # (faces, 14): centre x y, log of width and height, five landmarks x y

QUICK, CALM = 2.0, 4.0  # frames, spread of the weights: for a head that moves, for one that rests
TREMBLE = 0.003  # of the face's size: by so much a resting face seems to move
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
        track = _fitted(track, cuts, steadied)
    if smoothing.temporal:
        spread = smoothing.window * SMOOTH_MODES[smoothing.mode]
        track = _fitted(track, cuts, lambda rows: local_fit(rows, spread, degree=1))
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
    reach = int(np.ceil(3 * spread))
    times = np.arange(-reach, reach + 1) / spread
    kernels = [np.exp(-(times**2) / 2) * times**power for power in range(2 * degree + 1)]
    ones = np.ones((len(rows), 1))
    sums = [_correlated(ones, kernel)[:, 0] for kernel in kernels]
    powers = range(degree + 1)
    left = np.stack([np.stack([sums[i + j] for j in powers], 1) for i in powers], 1)
    right = np.stack([_correlated(rows, kernels[i]) for i in powers], 1)
    return np.asarray(np.linalg.solve(left, right)[:, 0])


def runs(track: FaceTrack, cuts: Sequence[int]) -> Iterator[range]:
    """The frames in a row that show the face without a cut."""
    begins, start = set(cuts), 0
    for index in range(len(track) + 1):
        ends = index == len(track) or track[index] is None
        if (ends or index in begins) and start < index:
            yield range(start, index)
        if ends:
            start = index + 1
        elif index in begins:
            start = index


def to_row(face: Face) -> NDArray[np.float64]:
    box = face.box
    sizes = np.log((box.width, box.height))
    return np.concatenate([box.centre, sizes, face.landmarks.points().ravel()])


def from_row(row: NDArray[np.float64], score: float) -> Face:
    x, y = row[:2].tolist()
    width, height = np.exp(row[2:4]).tolist()
    box = Box(y - height / 2, y + height / 2, x - width / 2, x + width / 2)
    return Face(box, Landmarks.of(row[4:].reshape(5, 2)), score)


def _fitted(track: FaceTrack, cuts: Sequence[int], fit: Callable[[Rows], Rows]) -> FaceTrack:
    faces = list(track)
    for run in runs(track, cuts):
        seen = [face for face in track.faces[run.start : run.stop] if face is not None]
        rows = fit(np.stack([to_row(face) for face in seen]))
        faces[run.start : run.stop] = [
            from_row(row, face.score) for row, face in zip(rows, seen, strict=True)
        ]
    return FaceTrack(tuple(faces))


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
