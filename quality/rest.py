"""Whether the lips rest while nobody speaks, and move while somebody does."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from audio.load import Sound
from audio.silence import energy
from quality.sync import Floats, filled

Bools = NDArray[np.bool_]

BLOCK = 320  # samples, 20 ms
LOUD = 0.95  # of the blocks are less loud than the voice
QUIET = 0.1  # of the voice's amplitude: breath, and the noise of a room
HUSH = 0.01  # amplitude, of full scale: what is below is silence beside any voice
NEAR = Fraction(1, 5)  # seconds to each side in which a mouth that speaks has moved
MOVES = (
    0.012  # of the face's light: a mouth at rest stays below 0.006, one that speaks passes 0.013
)


@dataclass(frozen=True)
class Rest:
    """What the mouth does in pauses and in speech; none where there is none of it.

    Moves are the opening's range within 0.4 s.
    """

    moves_in_pauses: float | None
    moves_in_speech: float | None
    share_of_speech_moving: float | None
    open_in_pauses: float | None  # 0 as closed as it ever is, 1 as open; none if it never moves
    pause_seconds: float  # that were looked at: the lips had time to come to rest
    speech_seconds: float


def spoken(sound: Sound, fps: Fraction, frames: int, later: Fraction = Fraction(0)) -> Bools:
    """For each frame, whether its time holds speech, by what is loud in this sound."""
    heard = energy(sound, max(HUSH, QUIET * _voice(sound)))
    return heard(fps, frames, later)


def rest_of(openings: Floats, speech: Bools, fps: Fraction) -> Rest:
    """What the openings of every frame say of pauses and speech; NaN is a frame without a face."""
    frames = min(len(openings), len(speech))
    shown, speech = ~np.isnan(openings[:frames]), speech[:frames]
    near = max(1, round(NEAR * fps))
    pauses = ~_spread(speech, near) & shown
    speech = speech & shown
    if not shown.any():
        return Rest(None, None, None, None, 0.0, 0.0)
    known = filled(openings[:frames])
    moves = _ranges(known, near)
    return Rest(
        moves_in_pauses=_mean(moves[pauses]),
        moves_in_speech=_mean(moves[speech]),
        share_of_speech_moving=_mean(moves[speech] > MOVES),
        open_in_pauses=_openness(known, pauses),
        pause_seconds=float(pauses.sum() / fps),
        speech_seconds=float(speech.sum() / fps),
    )


def _voice(sound: Sound) -> float:
    """Its amplitude, as that of a sine."""
    whole = len(sound.samples) // BLOCK * BLOCK
    rows = sound.samples[:whole].reshape(-1, BLOCK)
    return float(np.sqrt(2) * np.quantile(rows.std(axis=1), LOUD)) if whole else 0.0


def _openness(openings: Floats, pauses: Bools) -> float | None:
    closed, wide = np.quantile(openings, (0.05, 0.95)).tolist()
    if wide - closed < MOVES or not pauses.any():
        return None
    return float((np.median(openings[pauses]) - closed) / (wide - closed))


def _spread(marks: Bools, by: int) -> Bools:
    """Marked up to `by` frames to each side."""
    return np.asarray(np.convolve(marks, np.ones(2 * by + 1))[by : by + len(marks)] > 0.5)


def _ranges(values: Floats, near: int) -> Floats:
    around = np.lib.stride_tricks.sliding_window_view(np.pad(values, near, "edge"), 2 * near + 1)
    return np.asarray(np.ptp(around, axis=1), np.float64)


def _mean(values: Floats | Bools) -> float | None:
    return float(np.mean(np.asarray(values, np.float64))) if len(values) else None
