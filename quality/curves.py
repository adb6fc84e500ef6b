"""Curves as the points of an SVG, 1000 wide and 200 high."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WIDE, HIGH = 1000.0, 200.0
MARGIN = 8.0  # above and below
MOST = 1500  # points: a screen has no more
LOUD = 98.0  # percentile that reaches the top: one crack shall not flatten all the rest


@dataclass(frozen=True)
class Curve:
    """Points, and what is marked along the width."""

    points: str
    zero: float  # where nothing is moved
    best: float | None
    ground: float  # height of a correlation of 0
    ends: tuple[str, str]


def scaled(values: NDArray[np.float64]) -> str:
    """From the lowest to nearly the highest; a curve with gaps is drawn in pieces."""
    known = values[~np.isnan(values)]
    if not known.size:
        return ""
    low, high = float(known.min()), float(np.percentile(known, LOUD))
    share = (values - low) / max(high - low, 1e-9)
    step = -(-len(values) // MOST)
    across = (np.arange(len(values)) + 0.5) * WIDE / len(values)
    down = HIGH - MARGIN - np.clip(share, 0, 1) * (HIGH - 2 * MARGIN)
    return path(across[::step], down[::step])


def curve_of(points: tuple[tuple[float, float], ...], best: float | None) -> Curve:
    """Correlation over lag."""
    lags, heights = np.array(points).T
    first, last = float(lags[0]), float(lags[-1])

    def place(lag: float) -> float:
        return (lag - first) / max(last - first, 1e-9) * WIDE

    low, high = min(float(heights.min()), 0.0), max(float(heights.max()), 0.1)

    def down(height: NDArray[np.float64]) -> NDArray[np.float64]:
        return HIGH - MARGIN - (height - low) / (high - low) * (HIGH - 2 * MARGIN)

    return Curve(
        points=path((lags - first) / max(last - first, 1e-9) * WIDE, down(heights)),
        zero=place(0.0),
        best=None if best is None else place(best),
        ground=float(down(np.zeros(1))[0]),
        ends=(f"{first:.0f} ms", f"{last:.0f} ms"),
    )


def path(across: NDArray[np.float64], down: NDArray[np.float64]) -> str:
    """An SVG path; where a number is missing it is broken off."""
    words, pen = [], "M"
    for x, y in zip(across.tolist(), down.tolist(), strict=True):
        if np.isnan(y):
            pen = "M"
            continue
        words.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
    return "".join(words)
