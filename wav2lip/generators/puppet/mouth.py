"""Finding the lips: where the mouth parts, in the picture of a face."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]  # float32 wherever it is a picture
Face = NDArray[np.uint8]  # (96, 96, 3) BGR

# The chart is the mouth's surroundings drawn in mouth coordinates: corners at u = -1 and 1, v down.
CHART_STEP = 0.04
CHART_U: Floats = (np.arange(-30, 31) * CHART_STEP).astype(np.float32)
CHART_V: Floats = (np.arange(-15, 26) * CHART_STEP).astype(np.float32)
MIDDLE = np.abs(CHART_U) < 0.5
INNER = np.abs(CHART_U) < 0.85

SMALLEST_HALF = 5.0  # px of 96: corners that lie closer are no mouth
CAUTION = 0.1  # how much an unusual line must be better seen than a usual one
SOFTNESS = 0.015  # lines seen nearly as well as the best share in the result: noise moves it little


@dataclass(frozen=True)
class Axes:
    """Mouth coordinates: (u, v) lies at centre + u * right + v * down, in patch pixels."""

    centre: tuple[float, float]
    right: tuple[float, float]
    nose: float  # v of the nose, negative
    turn: float = 0.0  # u of the nose: towards the side that a turned head hides

    @property
    def down(self) -> tuple[float, float]:
        return -self.right[1], self.right[0]

    @property
    def half(self) -> float:
        """Half the mouth's width in patch pixels."""
        return float(np.hypot(*self.right))

    @classmethod
    def of(cls, landmarks: Floats) -> "Axes | None":
        """From five landmarks; nothing where they cannot be those of a face seen from the front."""
        points = np.asarray(landmarks, np.float64)
        if not np.isfinite(points).all():
            return None
        (rx, ry), (cx, cy) = (points[4] - points[3]) / 2, (points[4] + points[3]) / 2
        half = float(np.hypot(rx, ry))
        nose = float((points[2] - (cx, cy)) @ (-ry, rx)) / max(half, 1e-6) ** 2
        turn = float((points[2] - (cx, cy)) @ (rx, ry)) / max(half, 1e-6) ** 2
        upright = rx > 0.5 * half and SMALLEST_HALF < half < 40 and -3.0 < nose < -0.2
        inside = 8 < cx < 88 and 40 < cy < 88
        return (
            cls((float(cx), float(cy)), (float(rx), float(ry)), nose, turn)
            if upright and inside
            else None
        )

    def pixels(self, u: Floats, v: Floats) -> tuple[Floats, Floats]:
        """Where (u, v) lies, counted from pixel centres as cv2.remap does."""
        (cx, cy), (rx, ry), (dx, dy) = self.centre, self.right, self.down
        x, y = u * rx + v * dx + (cx - 0.5), u * ry + v * dy + (cy - 0.5)
        return x.astype(np.float32, copy=False), y.astype(np.float32, copy=False)


@dataclass(frozen=True)
class Mouth:
    """A mouth in its photo; a line (height, tilt, sag) is v = height + tilt u + sag (1 - u u)."""

    upper: Floats  # line of the upper lip's lower edge
    lower: Floats  # line of the lower lip's upper edge; the same in a closed mouth
    ends: Floats  # u of the left and the right end of the slit
    lip: Floats  # BGR of the lower lip
    skin: Floats  # BGR of lit skin
    black: float  # grey of the darkest in the face

    @property
    def gap(self) -> float:
        """How far it is open at its middle, in halves of its width."""
        return max(float((self.lower - self.upper)[[0, 2]].sum()), 0.0)

    def towards(self, other: "Mouth", share: float) -> "Mouth":
        """Part of the way to another: 0 is this one, 1 the other."""
        return Mouth(
            self.upper + share * (other.upper - self.upper),
            self.lower + share * (other.lower - self.lower),
            self.ends + share * (other.ends - self.ends),
            self.lip + share * (other.lip - self.lip),
            self.skin + share * (other.skin - self.skin),
            self.black + share * (other.black - self.black),
        )


def line(coefficients: Floats, u: Floats) -> Floats:
    """v of a lip line at u; beyond the corners it goes on level."""
    height, tilt, sag = coefficients.tolist()
    u = np.clip(u, -1.0, 1.0)
    return np.asarray((height + sag) + u * (tilt - sag * u), np.float32)


@dataclass(frozen=True)
class Candidates:
    """Every line that lips may have, and where in the chart it runs."""

    lines: Floats  # (n, 3)
    cells: NDArray[np.intp]  # (n, columns of INNER): which cells of the flat chart
    unusual: Floats  # (n,) 0 for a level line between the corners

    @classmethod
    def all(cls) -> "Candidates":
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
        bent = np.where(sag < 0, 9.0, 1.25) * sag**2
        cells = _rows(v) * len(CHART_U) + np.flatnonzero(INNER)
        return cls(lines, cells, 12.5 * height**2 + 50 * tilt**2 + bent)

    def best(self, chart: Floats) -> Floats:
        """The line along which the chart is highest, mostly in its middle."""
        weight = np.exp(-((CHART_U[INNER] / 0.8) ** 2))
        along = chart.ravel().take(self.cells) @ (weight / weight.sum())
        along -= CAUTION * self.unusual
        shares = np.exp((along - along.max()) / SOFTNESS)
        return np.asarray(shares @ self.lines / shares.sum(), np.float32)


def _rows(v: Floats) -> NDArray[np.intp]:
    rows = np.rint((v - CHART_V[0]) / CHART_STEP)
    return np.asarray(np.clip(rows, 0, len(CHART_V) - 1), np.intp)


def find(face: Face, axes: Axes, candidates: Candidates) -> Mouth:
    """The lips' lines and colours as the picture shows them."""
    chart = _chart(face, axes)
    lab = np.asarray(cv2.cvtColor(chart / np.float32(255), cv2.COLOR_BGR2LAB), np.float32)
    skin = np.asarray(np.median(lab.reshape(-1, 3), axis=0))  # most of the chart is skin
    teeth, dark, valley = _teeth(lab, skin), _dark(lab, skin), _valley(lab)
    upper, lower = _parted(teeth, dark, candidates) or _closed(valley, lab, candidates)
    ends = _ends(np.maximum(valley, np.maximum(teeth, dark)), (upper + lower) / 2)
    lit = np.percentile(chart.reshape(-1, 3), 80, axis=0).astype(np.float32)
    black = float(np.percentile(face[::2, ::2, 2], 1))
    return Mouth(upper, lower, ends, _below(chart, lower), lit, black)


def _chart(face: Face, axes: Axes) -> Floats:
    u, v = np.meshgrid(CHART_U, CHART_V)
    drawn = cv2.remap(face, *axes.pixels(u, v), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return drawn.astype(np.float32)


def _teeth(lab: Floats, skin: Floats) -> Floats:
    """How much like teeth, 0..1: pale, with red lips above and below."""
    red = np.asarray(cv2.GaussianBlur(lab[..., 1], (0, 0), 0.8), np.float32)
    reach = np.ones((11, 1), np.uint8)
    above, below = cv2.dilate(red, reach, anchor=(0, 10)), cv2.dilate(red, reach, anchor=(0, 0))
    # lips that are hardly redder than skin count for as much as painted ones
    contrast = np.clip(np.subtract(*np.percentile(red, [95, 50])) / 1.7, 2, 6)
    hole = np.clip((np.minimum(above, below) - red) / contrast - 0.33, 0, 1)
    chroma = np.hypot(lab[..., 1], lab[..., 2]) / max(float(np.hypot(skin[1], skin[2])), 1.0)
    return np.asarray(hole * np.clip((0.95 - chroma) / 0.2, 0, 1), np.float32)


def _dark(lab: Floats, skin: Floats) -> Floats:
    """How much darker than skin, 0..1."""
    light = lab[..., 0] / max(float(skin[0]), 1.0)
    return np.asarray(np.clip((0.55 - light) / 0.2, 0, 1), np.float32)


def _valley(lab: Floats) -> Floats:
    """How much darker than what lies above and below, 0..1."""
    light = cv2.GaussianBlur(lab[..., 0], (0, 0), 1.0)
    sides = np.minimum(np.roll(light, 4, 0), np.roll(light, -4, 0))
    return np.asarray(np.clip((sides - light) / 15, 0, 1), np.float32)


def _closed(valley: Floats, lab: Floats, candidates: Candidates) -> tuple[Floats, Floats]:
    light = cv2.GaussianBlur(lab[..., 0], (0, 0), 1.0)
    lit = np.clip((np.roll(light, -2, 0) - light) / 12, 0, 1)  # the lower lip catches the light
    slit = candidates.best(valley + 0.5 * lit)
    return slit, slit


def _parted(teeth: Floats, dark: Floats, candidates: Candidates) -> tuple[Floats, Floats] | None:
    """The edges of an open mouth, or nothing where the lips are closed."""
    inside = np.maximum(teeth, dark)
    after, before = (cv2.blur(inside, (1, 3), anchor=(0, row)) for row in (0, 2))
    step = np.asarray(after - before, np.float32)
    upper, lower = candidates.best(step), candidates.best(-step)
    top, bottom = line(upper, CHART_U[MIDDLE]), line(lower, CHART_U[MIDDLE])
    v = CHART_V[:, None]
    between = (v >= top) & (v <= bottom)
    filled, pale = (_share(chart[:, MIDDLE], between) for chart in (inside, teeth * (1 - dark)))
    least = 0.08 if pale > 0.3 else 0.17  # closed lips have a dark line, too
    return (upper, lower) if (bottom - top).mean() > least and filled > 0.4 else None


def _share(chart: Floats, where: NDArray[np.bool_]) -> float:
    return float(chart[where].mean()) if where.any() else 0.0


def _ends(slit: Floats, middle: Floats) -> Floats:
    """How far to each side the slit between the lips can be followed."""
    tall = cv2.dilate(slit, np.ones((5, 1), np.uint8))
    seen = tall[_rows(line(middle, CHART_U)), np.arange(len(CHART_U))]
    seen = np.clip(seen / max(0.6 * float(seen[MIDDLE].mean()), 0.1), 0, 1)
    left, right = ((side * CHART_U > 0.55) & (side * CHART_U < 1.0) for side in (-1, 1))
    return np.array([-0.6 - 0.35 * seen[left].mean(), 0.6 + 0.35 * seen[right].mean()], np.float32)


def _below(chart: Floats, lower: Floats) -> Floats:
    """Colour of the lower lip."""
    columns = np.flatnonzero(MIDDLE)
    pixels = chart[_rows(line(lower, CHART_U[columns]) + 0.14), columns]
    return np.asarray(np.median(pixels, axis=0), np.float32)
