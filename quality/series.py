"""Figures of a mouth over time: rest, jumps, trembling corners, and which sound it follows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quality.sync import independent_frames, lag_correlations

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

REST = 0.05  # mouth widths: the gap that the network sees between closed lips is smaller
JUMP = 0.1  # mouth widths from one frame to the next
DETAIL_JUMP = 0.15  # of the source's detail, from one frame to the next
STEADY = 0.03  # mouth widths: a mouth that moves less from frame to frame keeps its opening
MOST_LAG = 3  # frames by which a mouth may come before or after the sound
STILL = 1e-3  # mouth widths: a curve with a smaller deviation does not move
SILENT = 0.02  # mouth widths: a source whose opening deviates less does not speak
LAGS = range(-4, 5)  # frames by which the new sound may move the mouth before or after it
LEAST_FRAMES = 50  # in which both mouths are seen
DOUBT = 2.0  # standard deviations of a correlation by chance
SURE = 0.999  # the largest correlation that has a finite z


def rest_share(openings: Floats) -> float:
    """The share of the frames whose lips are closed."""
    return float((openings < REST).mean())


def steps(values: Floats, starts_shot: Bools) -> Floats:
    """The change from each frame to the next in the same shot; (frames, n) by its length."""
    change = np.abs(np.diff(values.reshape(len(values), -1), axis=0))
    return np.asarray(np.linalg.norm(change, axis=1)[~starts_shot[1:]], np.float64)


def jumps(values: Floats, starts_shot: Bools, limit: float = JUMP) -> int:
    """How many changes are larger than the limit; NaN is no jump."""
    return int((steps(values, starts_shot) > limit).sum())


def pops(values: Floats, starts_shot: Bools) -> int:
    """How many single values lie far off the middle of their neighbours in the same shot."""
    off = np.abs(off_neighbours(values))
    return int((off[inside_shots(starts_shot)] > JUMP).sum())


def off_neighbours(values: Floats) -> Floats:
    """Each inner value minus the middle of its neighbours in time."""
    return np.asarray(values[1:-1] - (values[:-2] + values[2:]) / 2, np.float64)


def inside_shots(starts_shot: Bools) -> Bools:
    """Which inner frames have both neighbours in their shot."""
    return ~(starts_shot[1:-1] | starts_shot[2:])


def trembling(points: Floats, chosen: Bools) -> float:
    """How far points (frames, n, 2) lie off the middle of their neighbours, RMS; mouth widths."""
    squares = np.square(off_neighbours(points)[chosen]).sum(axis=-1)
    return float(np.sqrt(squares.mean())) if squares.size else 0.0


def added_trembling(result: Floats, source: Floats, chosen: Bools) -> float:
    """The result's trembling without that which the source has, too."""
    after, before = (trembling(points, chosen) for points in (result, source))
    return float(np.sqrt(max(after**2 - before**2, 0.0)))


def steady(openings: Floats, starts_shot: Bools) -> Bools:
    """The inner frames around which the mouth keeps its opening: corners should rest, too."""
    change = np.abs(np.diff(openings))
    quiet = np.maximum(change[1:], change[:-1]) < STEADY
    return np.asarray(inside_shots(starts_shot) & quiet, np.bool_)


def following(openings: Floats, drive: Floats) -> float:
    """The correlation of a mouth with what should drive it, at the best of a few lags."""
    if min(openings.std(), drive.std()) < STILL:
        return 0.0
    return float(lag_correlations(openings, drive, MOST_LAG).max())


def following_of_source(openings: Floats, source: Floats, drive: Floats) -> float:
    """The correlation of a mouth with the source's own, without what the drive explains of both."""
    ours, own = (without(curve, [drive]) for curve in (openings, source))
    if min(ours.std(), own.std()) < STILL:
        return 0.0
    return float(np.corrcoef(ours, own)[0, 1])


def without(curve: Floats, drives: Sequence[Floats]) -> Floats:
    """What is left of a curve when its best fit by the drives and a constant is taken away."""
    model = np.stack([*drives, np.ones(len(curve))], axis=1)
    weights = np.linalg.lstsq(model, curve, rcond=None)[0]
    return np.asarray(curve - model @ weights, np.float64)


def at_times(times: Floats, curve_times: Floats, curve: Floats) -> Floats:
    """A curve at other times."""
    return np.asarray(np.interp(times, curve_times, curve), np.float64)


def common_motion(curves: list[Floats]) -> Floats:
    """The median of moving curves of one length, each on a scale of its own."""
    scaled = [(curve - curve.mean()) / curve.std() for curve in curves]
    return np.asarray(np.median(scaled, axis=0), np.float64) if scaled else np.zeros(0)


def own_opening(source: Floats) -> float:
    """How far a mouth that does not speak is open, in mouth widths; 0 for one that does."""
    known = source[~np.isnan(source)]
    return float(np.median(known)) if known.size and known.std() < SILENT else 0.0


def remaining_speech(result: Floats, source: Floats, loudness: Floats) -> float | None:
    """The correlation of both mouths without what the new sound explains, at least; 0 to 1.

    What chance reaches is taken off. None where the source does not speak.
    """
    both = ~np.isnan(result) & ~np.isnan(source)
    if both.sum() < LEAST_FRAMES or float(source[both].std()) < SILENT:
        return None
    drive = [np.roll(loudness, lag)[both] for lag in LAGS]
    ours, own = (without(curve[both], drive) for curve in (result, source))
    if min(ours.std(), own.std()) < 1e-6:
        return 0.0
    return max(certain_part(float(np.corrcoef(ours, own)[0, 1]), ours, own), 0.0)


def certain_part(correlation: float, first: Floats, second: Floats) -> float:
    """The correlation less DOUBT deviations, as Fisher's z, by which chance may have raised it."""
    frames = max(independent_frames(first, second) - 3, 1.0)
    return float(np.tanh(np.arctanh(min(correlation, SURE)) - DOUBT / np.sqrt(frames)))
