"""Curves as the points of an SVG path, in a box 1000 wide and 200 high."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 1000.0, 200.0
MARGIN = 8.0  # above and below
MOST_POINTS = 1500  # a screen has no more
TOP_PERCENTILE = 98.0  # reaches the top: one crack of the sound must not flatten all the rest


@dataclass(frozen=True)
class LagCurve:
    """Correlation over lag as an SVG path, and the marks along it."""

    points: str
    zero: float  # x of no lag
    best: float | None  # x of the best lag
    ground: float  # y of a correlation of 0
    ends: tuple[str, str]


def time_curve(values: NDArray[np.float64]) -> str:
    """The values from the lowest to nearly the highest; gaps of NaN break the curve."""
    known = values[~np.isnan(values)]
    if not known.size:
        return ""
    low, high = float(known.min()), float(np.percentile(known, TOP_PERCENTILE))
    heights = (values - low) / max(high - low, 1e-9)
    step = -(-len(values) // MOST_POINTS)
    x = (np.arange(len(values)) + 0.5) * WIDTH / len(values)
    y = HEIGHT - MARGIN - np.clip(heights, 0, 1) * (HEIGHT - 2 * MARGIN)
    return svg_path(x[::step], y[::step])


def lag_curve(points: tuple[tuple[float, float], ...], best: float | None) -> LagCurve:
    """The curve through (lag in ms, correlation), with its best lag marked."""
    lags, heights = np.array(points).T
    first, last = float(lags[0]), float(lags[-1])

    def x_of(lag: float) -> float:
        return (lag - first) / max(last - first, 1e-9) * WIDTH

    low, high = min(float(heights.min()), 0.0), max(float(heights.max()), 0.1)

    def y_of(height: NDArray[np.float64]) -> NDArray[np.float64]:
        return HEIGHT - MARGIN - (height - low) / (high - low) * (HEIGHT - 2 * MARGIN)

    return LagCurve(
        points=svg_path((lags - first) / max(last - first, 1e-9) * WIDTH, y_of(heights)),
        zero=x_of(0.0),
        best=None if best is None else x_of(best),
        ground=float(y_of(np.zeros(1))[0]),
        ends=(f"{first:.0f} ms", f"{last:.0f} ms"),
    )


def svg_path(xs: NDArray[np.float64], ys: NDArray[np.float64]) -> str:
    """An SVG path through the points; it is interrupted where y is NaN."""
    commands, pen = [], "M"
    for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
        if np.isnan(y):
            pen = "M"
            continue
        commands.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
    return "".join(commands)
