"""Numbers over time made smooth by parabolas (Savitzky and Golay)."""

import numpy as np
from numpy.typing import NDArray

WINDOW, ORDER = 13, 2  # frames that a parabola is fitted to

Floats = NDArray[np.float32]


def smoothed(values: Floats) -> Floats:
    """(T, n): each row as the parabola through those around it has it; at the ends, the outermost.

    Under three rows stay as they are.
    """
    if len(values) <= ORDER:
        return values
    window = min(WINDOW, (len(values) - 1) // 2 * 2 + 1)
    half, fit = window // 2, _parabola(window)
    first, last = fit @ values[:window], fit @ values[-window:]
    around = np.lib.stride_tricks.sliding_window_view(values, window, axis=0)
    middle = around @ fit[half]
    smooth = np.concatenate([first[:half], middle, last[half + 1 :]])
    return np.asarray(smooth, np.float32)


def _parabola(window: int) -> NDArray[np.float64]:
    """(window, window): from values to those of the parabola that is nearest to them."""
    powers = np.vander(np.arange(window) - window // 2, ORDER + 1).astype(np.float64)
    return np.asarray(powers @ np.linalg.pinv(powers), np.float64)
