"""Whether the lips rest while nobody speaks, and move while somebody does."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from audio.energy import energy_vad
from audio.load import Sound
from quality.sync import Floats, fill_gaps

Bools = NDArray[np.bool_]

BLOCK = 320  # samples, 20 ms
VOICE_QUANTILE = 0.95  # of the blocks' loudness: that of the voice
QUIET = 0.1  # of the voice's amplitude: breath and the noise of a room stay below it
SILENCE = 0.01  # amplitude, of full scale: less is silence beside any voice
REACH = Fraction(1, 5)  # seconds to each side, within which a mouth that speaks has moved
LEAST_MOVE = 0.03  # mouth widths: a mouth at rest stays below 0.01, one that speaks passes 0.04


@dataclass(frozen=True)
class Rest:
    """What the mouth does in pauses and in speech; none where the clip has none of it.

    A move is the range of the mouth's opening within 0.4 s.
    """

    moves_in_pauses: float | None
    moves_in_speech: float | None
    share_of_speech_moving: float | None
    open_in_pauses: float | None  # 0 as closed as it ever is, 1 as open; none if it never moves
    pause_seconds: float  # of pauses in which the lips had time to come to rest
    speech_seconds: float


def speech_frames(sound: Sound, fps: Fraction, frames: int, delay: Fraction = Fraction(0)) -> Bools:
    """For each frame, whether its time holds speech, by loudness relative to this sound's voice."""
    speaks_at = energy_vad(sound, max(SILENCE, QUIET * _voice_amplitude(sound)))
    return speaks_at(fps, frames, delay)


def measure_rest(openings: Floats, speech: Bools, fps: Fraction, resting: float = 0.0) -> Rest:
    """The mouth's moves in pauses and in speech; an opening of NaN is a frame without a face.

    `resting` is the opening of a photo's own mouth: nobody asks it to close further.
    """
    frames = min(len(openings), len(speech))
    has_face, speech = ~np.isnan(openings[:frames]), speech[:frames]
    reach = max(1, round(REACH * fps))
    pauses = ~_widened(speech, reach) & has_face
    speech = speech & has_face
    if not has_face.any():
        return Rest(None, None, None, None, 0.0, 0.0)
    filled = fill_gaps(openings[:frames])
    moves = _ranges(filled, reach)
    return Rest(
        moves_in_pauses=_mean(moves[pauses]),
        moves_in_speech=_mean(moves[speech]),
        share_of_speech_moving=_mean(moves[speech] > LEAST_MOVE),
        open_in_pauses=_openness(filled, pauses, resting),
        pause_seconds=float(pauses.sum() / fps),
        speech_seconds=float(speech.sum() / fps),
    )


def _voice_amplitude(sound: Sound) -> float:
    """The voice's amplitude, as that of a sine."""
    whole = len(sound.samples) // BLOCK * BLOCK
    blocks = sound.samples[:whole].reshape(-1, BLOCK)
    return float(np.sqrt(2) * np.quantile(blocks.std(axis=1), VOICE_QUANTILE)) if whole else 0.0


def _openness(openings: Floats, pauses: Bools, resting: float) -> float | None:
    """How open the mouth is in pauses, within the range of all its openings."""
    closed, wide = np.quantile(openings, (0.05, 0.95)).tolist()
    if wide - closed < LEAST_MOVE or not pauses.any():
        return None
    in_pauses = float(np.median(openings[pauses]))
    return 0.0 if in_pauses <= resting + LEAST_MOVE else (in_pauses - closed) / (wide - closed)


def _widened(marks: Bools, reach: int) -> Bools:
    """The marks and up to `reach` frames to each side of them."""
    return np.asarray(np.convolve(marks, np.ones(2 * reach + 1))[reach : reach + len(marks)] > 0.5)


def _ranges(values: Floats, reach: int) -> Floats:
    """The range of the values within `reach` frames of each."""
    padded = np.pad(values, reach, "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    return np.asarray(np.ptp(windows, axis=1), np.float64)


def _mean(values: Floats | Bools) -> float | None:
    return float(np.mean(np.asarray(values, np.float64))) if len(values) else None
