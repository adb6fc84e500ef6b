"""Find the lips in the picture of a face: the lines along which they meet or part."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Picture

AnyFloats = NDArray[np.floating[Any]]  # float32 for whole pictures

# A chart is the mouth's surroundings in mouth coordinates: corners at u = -1 and 1, v downwards.
CHART_STEP = 0.04
CHART_U: AnyFloats = (np.arange(-30, 31) * CHART_STEP).astype(np.float32)
CHART_V: AnyFloats = (np.arange(-15, 26) * CHART_STEP).astype(np.float32)
MIDDLE = np.abs(CHART_U) < 0.5  # columns
INNER = np.abs(CHART_U) < 0.85  # columns

MIN_HALF_WIDTH = 5.0  # pixels of 96: with corners that lie closer it is no mouth
PENALTY_WEIGHT = 0.1  # how much clearer an unusual line must be than a usual one
# Lines that fit nearly as well as the best one share in the result, so that noise moves it little.
SOFTMAX_SCALE = 0.015


@dataclass(frozen=True)
class MouthAxes:
    """Mouth coordinates: (u, v) lies at centre + u * right + v * down, in patch pixels."""

    centre: tuple[float, float]
    right: tuple[float, float]
    nose_v: float  # negative
    nose_u: float = 0.0  # towards the side that a turned head hides

    @property
    def down(self) -> tuple[float, float]:
        return -self.right[1], self.right[0]

    @property
    def half_width(self) -> float:
        """Half the mouth's width in patch pixels."""
        return float(np.hypot(*self.right))

    @classmethod
    def of(cls, landmarks: AnyFloats) -> "MouthAxes | None":
        """From five landmarks; None where they cannot be those of a face seen from the front."""
        points = np.asarray(landmarks, np.float64)
        if not np.isfinite(points).all():
            return None
        (rx, ry), (cx, cy) = (points[4] - points[3]) / 2, (points[4] + points[3]) / 2
        half = float(np.hypot(rx, ry))
        nose_v = float((points[2] - (cx, cy)) @ (-ry, rx)) / max(half, 1e-6) ** 2
        nose_u = float((points[2] - (cx, cy)) @ (rx, ry)) / max(half, 1e-6) ** 2
        upright = rx > 0.5 * half and MIN_HALF_WIDTH < half < 40 and -3.0 < nose_v < -0.2
        inside = 8 < cx < 88 and 40 < cy < 88
        if not (upright and inside):
            return None
        return cls((float(cx), float(cy)), (float(rx), float(ry)), nose_v, nose_u)

    def to_pixels(self, u: AnyFloats, v: AnyFloats) -> tuple[AnyFloats, AnyFloats]:
        """x and y of (u, v), counted from pixel centres as cv2.remap does."""
        (cx, cy), (rx, ry), (dx, dy) = self.centre, self.right, self.down
        x, y = u * rx + v * dx + (cx - 0.5), u * ry + v * dy + (cy - 0.5)
        return x.astype(np.float32, copy=False), y.astype(np.float32, copy=False)


@dataclass(frozen=True)
class Mouth:
    """A mouth in a picture; a line (height, tilt, sag) is v = height + tilt u + sag (1 - u u)."""

    upper: AnyFloats  # line of the upper lip's lower edge
    lower: AnyFloats  # line of the lower lip's upper edge; the same in a closed mouth
    slit_ends: AnyFloats  # u of the left and the right end of the slit between the lips
    lip_color: AnyFloats  # BGR of the lower lip
    skin_color: AnyFloats  # BGR of lit skin
    darkest_gray: float  # level of the face's darkest pixels

    @property
    def gap(self) -> float:
        """How far the mouth is open in its middle, in halves of its width."""
        return max(float((self.lower - self.upper)[[0, 2]].sum()), 0.0)

    def interpolated(self, other: "Mouth", weight: float) -> "Mouth":
        """A mouth between this one (weight 0) and the other one (weight 1)."""
        return Mouth(
            self.upper + weight * (other.upper - self.upper),
            self.lower + weight * (other.lower - self.lower),
            self.slit_ends + weight * (other.slit_ends - self.slit_ends),
            self.lip_color + weight * (other.lip_color - self.lip_color),
            self.skin_color + weight * (other.skin_color - self.skin_color),
            self.darkest_gray + weight * (other.darkest_gray - self.darkest_gray),
        )


def line_height(coefficients: AnyFloats, u: AnyFloats) -> AnyFloats:
    """v of a lip line at u; beyond the corners the line is level."""
    height, tilt, sag = coefficients.tolist()
    u = np.clip(u, -1.0, 1.0)
    return np.asarray((height + sag) + u * (tilt - sag * u), np.float32)


@dataclass(frozen=True)
class LipLines:
    """The lines that lips may have, and the cells of a chart that each runs through."""

    lines: AnyFloats  # (n, 3) height, tilt, sag
    cells: NDArray[np.intp]  # (n, columns of INNER) indices into the flattened chart
    penalty: AnyFloats  # (n,) 0 for a level line between the corners

    @classmethod
    def grid(cls) -> "LipLines":
        heights, tilts, sags = (
            np.arange(-6, 7) * 0.04,
            np.arange(-2, 3) * 0.06,
            np.arange(-6, 15) * 0.04,
        )
        grid = np.meshgrid(heights, tilts, sags, indexing="ij")
        lines = np.stack(grid, axis=-1).reshape(-1, 3).astype(np.float32)
        height, tilt, sag = lines.T
        u = CHART_U[INNER]
        v = height[:, None] + tilt[:, None] * u + sag[:, None] * (1 - u * u)
        # lips hang in a smile more often than they arch
        sag_penalty = np.where(sag < 0, 9.0, 1.25) * sag**2
        cells = _rows(v) * len(CHART_U) + np.flatnonzero(INNER)
        return cls(lines, cells, 12.5 * height**2 + 50 * tilt**2 + sag_penalty)

    def best(self, chart: AnyFloats) -> AnyFloats:
        """The line along which the chart's values are highest; the middle weighs most."""
        weights = np.exp(-((CHART_U[INNER] / 0.8) ** 2))
        scores = chart.ravel().take(self.cells) @ (weights / weights.sum())
        scores -= PENALTY_WEIGHT * self.penalty
        shares = np.exp((scores - scores.max()) / SOFTMAX_SCALE)
        return np.asarray(shares @ self.lines / shares.sum(), np.float32)


def _rows(v: AnyFloats) -> NDArray[np.intp]:
    rows = np.rint((v - CHART_V[0]) / CHART_STEP)
    return np.asarray(np.clip(rows, 0, len(CHART_V) - 1), np.intp)


def find_mouth(face: Picture, axes: MouthAxes, lines: LipLines) -> Mouth:
    """Find the lips' lines and colours in the picture of a face."""
    chart = _mouth_chart(face, axes)
    lab = np.asarray(cv2.cvtColor(chart / np.float32(255), cv2.COLOR_BGR2LAB), np.float32)
    skin = np.asarray(np.median(lab.reshape(-1, 3), axis=0))  # most of the chart is skin
    teeth, dark, valley = _teeth(lab, skin), _darkness(lab, skin), _valley(lab)
    upper, lower = _open_lips(teeth, dark, lines) or _closed_lips(valley, lab, lines)
    ends = _slit_ends(np.maximum(valley, np.maximum(teeth, dark)), (upper + lower) / 2)
    lit_skin = np.percentile(chart.reshape(-1, 3), 80, axis=0).astype(np.float32)
    darkest = float(np.percentile(face[::2, ::2, 2], 1))
    return Mouth(upper, lower, ends, _lower_lip_color(chart, lower), lit_skin, darkest)


def _mouth_chart(face: Picture, axes: MouthAxes) -> AnyFloats:
    u, v = np.meshgrid(CHART_U, CHART_V)
    chart = cv2.remap(
        face, *axes.to_pixels(u, v), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return chart.astype(np.float32)


def _teeth(lab: AnyFloats, skin: AnyFloats) -> AnyFloats:
    """How much each pixel looks like teeth, 0..1: pale, with red lips above and below."""
    red = np.asarray(cv2.GaussianBlur(lab[..., 1], (0, 0), 0.8), np.float32)
    kernel = np.ones((11, 1), np.uint8)
    above, below = cv2.dilate(red, kernel, anchor=(0, 10)), cv2.dilate(red, kernel, anchor=(0, 0))
    # lips that are hardly redder than skin count for as much as painted ones
    contrast = np.clip(np.subtract(*np.percentile(red, [95, 50])) / 1.7, 2, 6)
    between_lips = np.clip((np.minimum(above, below) - red) / contrast - 0.33, 0, 1)
    chroma = np.hypot(lab[..., 1], lab[..., 2]) / max(float(np.hypot(skin[1], skin[2])), 1.0)
    return np.asarray(between_lips * np.clip((0.95 - chroma) / 0.2, 0, 1), np.float32)


def _darkness(lab: AnyFloats, skin: AnyFloats) -> AnyFloats:
    """How much darker than skin each pixel is, 0..1."""
    light = lab[..., 0] / max(float(skin[0]), 1.0)
    return np.asarray(np.clip((0.55 - light) / 0.2, 0, 1), np.float32)


def _valley(lab: AnyFloats) -> AnyFloats:
    """How much darker each pixel is than those above and below, 0..1."""
    light = cv2.GaussianBlur(lab[..., 0], (0, 0), 1.0)
    neighbours = np.minimum(np.roll(light, 4, 0), np.roll(light, -4, 0))
    return np.asarray(np.clip((neighbours - light) / 15, 0, 1), np.float32)


def _closed_lips(valley: AnyFloats, lab: AnyFloats, lines: LipLines) -> tuple[AnyFloats, AnyFloats]:
    """The line between closed lips, twice."""
    light = cv2.GaussianBlur(lab[..., 0], (0, 0), 1.0)
    lit = np.clip((np.roll(light, -2, 0) - light) / 12, 0, 1)  # the lower lip catches the light
    slit = lines.best(valley + 0.5 * lit)
    return slit, slit


def _open_lips(
    teeth: AnyFloats, dark: AnyFloats, lines: LipLines
) -> tuple[AnyFloats, AnyFloats] | None:
    """The upper and lower edge of an open mouth; None where the lips are closed."""
    inside = np.maximum(teeth, dark)
    after, before = (cv2.blur(inside, (1, 3), anchor=(0, row)) for row in (0, 2))
    step = np.asarray(after - before, np.float32)
    upper, lower = lines.best(step), lines.best(-step)
    top, bottom = line_height(upper, CHART_U[MIDDLE]), line_height(lower, CHART_U[MIDDLE])
    v = CHART_V[:, None]
    between = (v >= top) & (v <= bottom)
    filled, pale = (
        _mean_where(chart[:, MIDDLE], between) for chart in (inside, teeth * (1 - dark))
    )
    min_gap = 0.08 if pale > 0.3 else 0.17  # closed lips have a dark line, too
    return (upper, lower) if (bottom - top).mean() > min_gap and filled > 0.4 else None


def _mean_where(chart: AnyFloats, selected: NDArray[np.bool_]) -> float:
    return float(chart[selected].mean()) if selected.any() else 0.0


def _slit_ends(slit: AnyFloats, middle: AnyFloats) -> AnyFloats:
    """u of both ends of the slit, as far to each side as it can be followed."""
    tall = cv2.dilate(slit, np.ones((5, 1), np.uint8))
    along = tall[_rows(line_height(middle, CHART_U)), np.arange(len(CHART_U))]
    along = np.clip(along / max(0.6 * float(along[MIDDLE].mean()), 0.1), 0, 1)
    left, right = ((side * CHART_U > 0.55) & (side * CHART_U < 1.0) for side in (-1, 1))
    ends = -0.6 - 0.35 * along[left].mean(), 0.6 + 0.35 * along[right].mean()
    return np.array(ends, np.float32)


def _lower_lip_color(chart: AnyFloats, lower: AnyFloats) -> AnyFloats:
    columns = np.flatnonzero(MIDDLE)
    pixels = chart[_rows(line_height(lower, CHART_U[columns]) + 0.14), columns]
    return np.asarray(np.median(pixels, axis=0), np.float32)
