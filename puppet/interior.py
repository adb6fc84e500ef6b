"""Paint the inside of a mouth: a cavity, a tongue, teeth, and the shadows of the lips."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from base.geometry import Box, Points, Rect
from base.planes import Planes
from puppet.contours import Contours, Floats, MouthAxes
from puppet.dentition import TEETH
from puppet.palette import Palette, region_around
from puppet.shape import Move, ramp, smoothstep

COLUMNS = 512  # places along the mouth at which the contours are computed
TOOTH = 0.055  # how far the upper teeth reach down in the middle, in the mouth's unit
RIM = 0.45  # how strongly the lips are shaded where they turn inwards
REFLECTED = 0.25  # of the lips' colour: what falls from them onto what they shade
TONGUE_WIDTH = 0.85  # of the mouth's
TONGUE_DEPTH = 0.6  # share of the way from the upper lip to the lower one at which it begins
SEAM = 0.013  # of the unit: how thick the dark line is between lips that were brought together


@dataclass(frozen=True, eq=False)
class Slit:
    """The space between the lips, at every pixel of a part of the picture."""

    part: Rect
    u: Floats
    v: Floats
    across: Floats  # -1 at the left corner, 1 at the right one
    top: Floats  # v of the upper inner lip
    bottom: Floats  # v of the lower inner lip

    @classmethod
    def of(cls, contours: Contours, axes: MouthAxes, size: tuple[int, int]) -> "Slit | None":
        """None where it lies outside the picture."""
        part = _part_around(contours, axes, size)
        if part is None:
            return None
        u, v = mouth_coordinates(axes, part)
        left, right = contours.lower_inner[[0, -1], 0].tolist()
        places = np.linspace(left, right, COLUMNS)
        index = ((u - np.float32(left)) * np.float32((COLUMNS - 1) / (right - left))).astype(int)
        upper, lower = (
            _smooth_line(line, places).astype(np.float32).take(index, mode="clip")
            for line in (contours.upper_inner, contours.lower_inner)
        )
        across = (u - np.float32((left + right) / 2)) / np.float32((right - left) / 2)
        return cls(part, u, v, across, upper, np.maximum(lower, upper))

    def line(self, contour: Points) -> Floats:
        """v of another contour at every pixel."""
        return np.interp(self.u, *contour.T).astype(np.float32)


def mouth_coordinates(axes: MouthAxes, part: Rect) -> tuple[Floats, Floats]:
    """u and v of every pixel of a part of the picture."""
    inverse = axes.inverse.astype(np.float32)
    x = np.arange(part.left, part.right, dtype=np.float32) + np.float32(0.5 - axes.origin[0])
    y = np.arange(part.top, part.bottom, dtype=np.float32) + np.float32(0.5 - axes.origin[1])
    u = inverse[0, 0] * x[None] + inverse[0, 1] * y[:, None]
    v = inverse[1, 0] * x[None] + inverse[1, 1] * y[:, None]
    return u, v


def _part_around(contours: Contours, axes: MouthAxes, size: tuple[int, int]) -> Rect | None:
    ring = np.concatenate([contours.upper_inner, contours.lower_inner])
    return Box.around(axes.to_pixels(ring), before=3, after=4).inside(*size)


def _smooth_line(line: Points, places: Floats) -> Floats:
    """v of a contour at the places, without corners at its points."""
    coarse = np.linspace(places[0], places[-1], 49)
    v = np.interp(coarse, *line.T)
    for _ in range(3):
        v[1:-1] = 0.25 * v[:-2] + 0.5 * v[1:-1] + 0.25 * v[2:]
    return np.interp(places, coarse, v)


@dataclass(frozen=True, eq=False)
class Inside:
    """What the inside of a mouth is painted from."""

    picture: Planes  # of the frame, its mouth as it was
    axes: MouthAxes
    move: Move
    palette: Palette
    own: bool  # the source's own inside shows, where it is open
    teeth: Points | None  # the edge of its own teeth, where they are seen


def paint_inside(opened: Planes, inside: Inside) -> None:
    """Paint the space between the target's lips into `opened`, the picture with moved lips."""
    slit = Slit.of(inside.move.target, inside.axes, opened.size)
    if slit is None:
        return
    unit = inside.axes.unit
    slit = _with_seam(slit, inside.move, unit)
    coverage = _coverage(slit, unit)
    around = cv2.GaussianBlur(coverage, (0, 0), max(0.8, 0.018 * unit))
    before = opened.region(slit.part)
    lips = before.copy()
    _lay(lips, inside.palette.shaded_lip, RIM * around * (1 - coverage))
    _lay(lips, _colors(slit, inside, unit), coverage)
    opened.add_bgr(slit.part, np.subtract(lips, before))


def _lay(below: Floats, above: Floats, share: Floats) -> None:
    """Put colours over others, each pixel's share of them."""
    cv2.accumulate(cv2.multiply(above - below, cv2.merge([share] * 3)), below)


def _shade(color: Floats, light: Floats) -> None:
    """Darken colours, each pixel to its share of light."""
    cv2.multiply(color, cv2.merge([light] * 3), color)


def _with_seam(slit: Slit, move: Move, unit: float) -> Slit:
    """Lips that were apart and are together have a thin line between them."""
    middle = max(SEAM, 1.3 / unit) * ramp(move.source.gap, 0.01, 0.03)
    fourth = np.square(np.square(slit.across))
    thickness = middle * (1 - np.square(fourth))
    lacking = np.maximum(thickness - (slit.bottom - slit.top), 0) / 2
    return replace(slit, top=slit.top - lacking, bottom=slit.bottom + lacking)


def _coverage(slit: Slit, unit: float) -> Floats:
    """The share of each pixel that lies between the lips."""
    above = np.clip((slit.v - slit.top) * unit + 0.5, 0, 1)
    below = np.clip((slit.bottom - slit.v) * unit + 0.5, 0, 1)
    share = np.maximum(above + below - 1, 0) * (np.abs(slit.across) < 1)
    return np.asarray(cv2.GaussianBlur(share, (0, 0), max(0.45, 0.005 * unit)), np.float32)


def _colors(slit: Slit, inside: Inside, unit: float) -> Floats:
    """(h, w, 3): the colours behind the lips, shaded by them."""
    palette, gap = inside.palette, inside.move.target.gap
    color = _cavity(slit, palette, gap)
    if inside.teeth is None:
        _lay_teeth(color, slit, inside, unit)
    if inside.own:
        _lay_own_inside(color, slit, inside, unit)
    # its own inside has its own shadows, but not what opens below it
    own = 1 - ramp(gap - inside.move.source.gap, 0, 0.06) if inside.own else 0.0
    light = _light(slit, own)
    _shade(color, light)
    color += cv2.merge([level * (REFLECTED * (1 - light)) for level in palette.lip])
    # light still falls into a mouth that is hardly open
    thin = 1 - ramp(gap * unit, max(1.2, 0.012 * unit), max(4.0, 0.035 * unit))
    if thin > 0:
        color += (palette.shaded_lip - color) * np.float32(thin)
    return color


def _cavity(slit: Slit, palette: Palette, gap: float) -> Floats:
    """Darkness, with a tongue low in the middle where the mouth is wide open."""
    depth = np.clip((slit.v - slit.top) / np.maximum(slit.bottom - slit.top, 1e-4), 0, 1)
    aside = np.square(slit.across / np.float32(TONGUE_WIDTH))
    ridge = TONGUE_DEPTH + (1 - TONGUE_DEPTH) * aside
    tongue = 0.85 * ramp(gap, 0.07, 0.17) * smoothstep(depth - ridge, -0.1, 0.25)
    light = np.float32(0.5) + np.float32(0.4) * depth
    color = np.asarray(cv2.merge([np.float32(level) * light for level in palette.cavity]))
    _lay(color, palette.tongue, tongue)
    return color


def _light(slit: Slit, own: float) -> Floats:
    """The lips' shadows, and the corners'; weaker where an inside is the picture's own."""
    from_top = np.maximum(slit.v - slit.top, 0)
    strongest, below = 0.5 - 0.22 * own, 0.45 - 0.25 * own
    upper = strongest * np.exp(-from_top / 0.014)
    lower = below * np.exp(-np.maximum(slit.bottom - slit.v, 0) / 0.014)
    corner = (0.55 - 0.35 * own) * np.exp(-np.maximum(1 - np.abs(slit.across), 0) / 0.12)
    return np.asarray((1 - upper) * (1 - lower) * (1 - corner), np.float32)


def _lay_own_inside(color: Floats, slit: Slit, inside: Inside, unit: float) -> None:
    """The picture's own teeth and what is around them, which stay where they are."""
    part, source = slit.part, inside.move.source
    top, bottom = slit.line(source.upper_inner), slit.line(source.lower_inner)
    inset = 1.5 / unit
    v = np.clip(slit.v, top + inset, np.maximum(bottom - inset, top + inset))
    down = (v - slit.v) * unit
    dx, dy = inside.axes.down.astype(np.float32)
    x = np.arange(part.left, part.right, dtype=np.float32) + down * dx
    y = np.arange(part.top, part.bottom, dtype=np.float32)[:, None] + down * dy
    around = region_around(inside.picture, x, y, margin=2)
    if around is None:
        return
    own = cv2.remap(*around, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    share = smoothstep(1.5 - (slit.v - bottom) * unit, 0, 3)
    # where the mouth is opened wider only the teeth stay, with the jaw that they belong to
    wider = smoothstep((slit.bottom - bottom) * unit, 0.5, 4)
    if inside.teeth is None:
        share *= 1 - wider
    else:
        tooth = smoothstep((slit.line(inside.teeth) - slit.v) * unit, -1, 1)
        share *= 1 - wider * (1 - tooth)
    _lay(color, np.asarray(np.clip(own, 0, 255)), share)


def _lay_teeth(color: Floats, slit: Slit, inside: Inside, unit: float) -> None:
    """Upper teeth in an arch, tinted as the face is."""
    source, rounded = inside.move.source, max(-inside.move.width, 0.0)
    gum = slit.line(source.upper_inner)
    gum = gum + np.float32(0.5) * np.maximum(slit.top - gum, 0)
    across = np.minimum(np.abs(slit.across), 1)
    middle = float(source.middle[[0, -1], 0].mean())
    row = TEETH.at(slit.u - np.float32(middle))
    arch = (TOOTH - 0.025 * rounded) * (1 - 0.35 * across * across)
    edge = gum + arch * row.length
    soft = max(0.009, 1.2 / unit)
    sides = smoothstep(1 - across, 0.16, 0.55)
    share = smoothstep((edge - slit.v) / soft, -0.9, 0.9) * sides
    height = np.clip((edge - slit.v) / np.maximum(arch, 0.01), 0, 1)
    round_off = 1 - np.float32(0.7) * np.square(height - np.float32(0.5))
    shade = row.light * (1 - 0.5 * across**1.6) * round_off
    lit = 0.85 + 0.15 * ramp(inside.move.target.gap, 0, 0.12)
    tooth = inside.palette.tooth * (1.12 * lit * (1 - 0.35 * rounded))
    _lay(color, np.asarray(cv2.merge([level * shade for level in tooth])), 0.93 * share)
