"""How well found speech agrees with the truth, and what it is worth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.vad.mixtures import FPS, Truth
from pipeline.gating import wanted

FAR = 0.5  # seconds; a border further off is another one


@dataclass(frozen=True)
class Score:
    """Shares of frames, 0 to 1."""

    kept: float  # of speech
    skipped: float  # of what is none
    border_ms: float | None  # median distance of borders; none: none is near
    borders: float  # share of the true borders that one is near
    saved: float  # of all frames, those that gating asks no network for


def score(found: Truth, truth: Truth) -> Score:
    if found.shape != truth.shape or truth.all() or not truth.any():
        raise ValueError(f"{found.shape} found, {truth.shape} true: need as many, of both kinds")
    off = _borders_off(found, truth)
    near = off[off <= FAR]
    return Score(
        kept=float(found[truth].mean()),
        skipped=float((~found[~truth]).mean()),
        border_ms=float(np.median(near)) * 1000 if near.size else None,
        borders=near.size / off.size,
        saved=1 - float(wanted(found, FPS).mean()),
    )


def _borders_off(found: Truth, truth: Truth) -> NDArray[np.float64]:
    """For each begin and each end of true speech, seconds to the nearest found one of its kind."""
    steps, given = (np.diff(one.astype(np.int8)) for one in (truth, found))
    apart = [
        np.min(np.abs(np.flatnonzero(given == steps[at]) - at), initial=len(truth))
        for at in np.flatnonzero(steps)
    ]
    return np.array(apart, np.float64) / float(FPS)
