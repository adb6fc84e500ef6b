"""Frame times as whole ticks of a steady clock."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


def ticks(frames: int, fps: Fraction, rate: int, offset: Fraction) -> NDArray[np.int64]:
    """For each frame, the tick of 1 / rate seconds that goes on at frame / fps - offset; exact."""
    step, shift = rate / fps, rate * offset
    whole = step.denominator * shift.denominator
    step_parts, shift_parts = int(step * whole), int(shift * whole)
    # Python's integers: a rate made from a float has a denominator of 2**47
    floors = ((frame * step_parts - shift_parts) // whole for frame in range(frames))
    return np.fromiter(floors, np.int64, frames)
