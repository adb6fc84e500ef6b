"""How well detected speech agrees with the truth, and how much work gating by it saves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.vad.mixtures import FPS, Truth
from pipeline.gating import keyframes

NEAR = 0.5  # seconds: a border that is further off is not the same one


@dataclass(frozen=True)
class Score:
    """Shares of frames, 0 to 1."""

    kept: float  # of the speech
    skipped: float  # of the rest
    border_ms: float | None  # median distance of the borders that are near; none if none is
    borders: float  # share of the true borders that have a detected one near
    saved: float  # share of all frames for which gating runs no network


def score_speech(detected: Truth, truth: Truth) -> Score:
    """The score of an answer; ValueError where the truth is not both speech and silence."""
    if detected.shape != truth.shape or truth.all() or not truth.any():
        raise ValueError(f"{detected.shape} found, {truth.shape} true: need as many, of both kinds")
    off = _border_distances(detected, truth)
    near = off[off <= NEAR]
    return Score(
        kept=float(detected[truth].mean()),
        skipped=float((~detected[~truth]).mean()),
        border_ms=float(np.median(near)) * 1000 if near.size else None,
        borders=near.size / off.size,
        saved=1 - float(keyframes(detected, FPS).mean()),
    )


def _border_distances(detected: Truth, truth: Truth) -> NDArray[np.float64]:
    """For each begin and end of true speech, seconds to the nearest detected one of its kind."""
    true_steps, steps = (np.diff(speech.astype(np.int8)) for speech in (truth, detected))
    distances = [
        np.min(np.abs(np.flatnonzero(steps == true_steps[at]) - at), initial=len(truth))
        for at in np.flatnonzero(true_steps)
    ]
    return np.array(distances, np.float64) / float(FPS)
