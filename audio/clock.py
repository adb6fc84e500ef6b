"""Frame times as whole ticks of a clock of constant rate."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


def frame_ticks(frames: int, fps: Fraction, rate: int, offset: Fraction) -> NDArray[np.int64]:
    """For each of so many frames, floor((frame / fps - offset) * rate), computed exactly."""
    step, shift = rate / fps, rate * offset
    denominator = step.denominator * shift.denominator
    step_parts, shift_parts = int(step * denominator), int(shift * denominator)
    # Python's integers: a rate made from a float has a denominator of 2**47
    ticks = ((frame * step_parts - shift_parts) // denominator for frame in range(frames))
    return np.fromiter(ticks, np.int64, frames)
