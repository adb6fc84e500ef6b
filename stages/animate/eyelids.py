"""Close the eyes of a portrait: the lid's own skin is drawn down over an eyeball that rests.

The skin from the brow to the lashes stretches, the lashes go down as they are, the lower lid rises
a little. Lengths are in pixels of the picture, along axes from the eye's left corner to its right
one and down; samples of any plane have them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Points, Rect
from stages.animate.portrait import Eye
from stages.animate.zones import read_at, smooth
from video.yuv import Frame, copy_av_frame

Floats = NDArray[np.float32]

STEPS = 181  # of the curves along the eye
ACROSS = -0.4, 1.4  # widths of the eye that the curves reach over
BESIDE, BELOW, ABOVE = 0.25, 0.55, 0.1  # widths that a lid may change beyond corners, lid and brow
BROW_APART = 0.16  # widths that a brow is above the lashes at least
FOLD, FOLD_APART = 0.55, 0.34  # of the way from the lashes to the brow, or so many widths
LASHES_HIGH = 0.11, 0.21  # widths above their line that go down as they are; at the outer corner
EVEN = 0.07  # widths: what a stretched lid is evened over
WING = 0.36  # of the opening: how far the lashes at the outer corner go down
LIT, DIM, SHADE = (
    0.85,
    (0.35, 0.85),
    0.2,
)  # a lid of less of the light below the eye gets that skin's looks
LASHES, SOFT = (1.2, 0.055), (0.6, 0.012)  # at least so many pixels, else widths: line and its edge
RISE = 0.10  # of the opening: how far the lower lid comes up
SHADOW = 0.42, 0.10  # how dark the eyeball is right below the lashes; fades over so many widths
ROUND = 0.06  # how much lighter the middle of a closed lid is
SKIN = 0.30  # widths below the lower lid: skin that tells how light it may be beside the lashes
FRINGE = 0.14  # widths about a closed line in which nothing is lighter than that skin
NEAR_LID, FAR_FROM_LID = (0.14, 0.26), (0.38, 0.52)  # widths below it
WHITER = 0.12  # skin right below an eye is rarely lighter than that further down, and never so much


@dataclass(frozen=True, eq=False)
class Curves:
    """An eye along its own axis: heights at STEPS places."""

    places: Floats
    upper: Floats
    lower: Floats
    fold: Floats  # above it the lid rests
    fringe: Floats  # how high the lashes are
    gap: Floats  # between the lids
    way: Floats  # that the lashes go until the eye is closed


@dataclass(frozen=True, eq=False)
class EyeSamples:
    """The samples of planes of one resolution about an eye, and the eye's curves at each."""

    rect: Rect  # of samples
    cell: tuple[int, int]  # pixels wide and high that a sample is
    down: Floats  # (2,): the eye's own direction down, in the picture
    width: float
    places: Floats  # (rows, columns, 2) in the picture
    height: Floats  # down from the corners' line
    upper: Floats
    lower: Floats
    fold: Floats  # above it the lid rests
    fringe: Floats
    gap: Floats
    way: Floats
    inside: Floats  # 1 between the corners, falling to 0 beyond them
    beside: Floats  # the same, where lashes reach beyond them
    dim: float = 0.0  # how much of the lid looks like the skin below the eye, which has light

    @property
    def lashes(self) -> float:
        return _length(LASHES, self.width)

    def read(self, plane: NDArray[Any], shift: Floats) -> Floats:
        """The plane where each sample is, moved down by so many pixels."""
        moved = self.places + shift[..., None] * self.down
        at = moved / np.array(self.cell, np.float32) - np.float32(0.5)
        return read_at(plane, at, cv2.INTER_CUBIC).astype(np.float32)

    def edge(self, line: Floats) -> Floats:
        """0 above a line, 1 below."""
        return smooth(((self.height - line) / _length(SOFT, self.width) + 1) / 2)


@dataclass(frozen=True)
class Levels:
    """What a plane's samples mean."""

    dark: float  # the sample of black, or of no colour
    largest: int
    is_luma: bool


def eye_samples(eye: Eye, frame: Frame, is_left: bool) -> tuple[EyeSamples, ...]:
    """An eye's samples in luma and, where the frame has it, in chroma."""
    curves = _curves(eye, is_left)
    cells = [(1, 1), frame.layout.cell] if frame.layout.has_chroma else [(1, 1)]
    size = frame.width, frame.height
    samples = [_samples(eye, curves, cell, size) for cell in cells]
    dim = _dim(samples[0], frame)
    return tuple(replace(one, dim=dim) for one in samples)


def _dim(eye: EyeSamples, frame: Frame) -> float:
    """How much darker a lid is than the skin below the eye, in the range of DIM."""
    luma = frame.planes()[0]
    dark, own = _levels(frame, True).dark, luma[eye.rect.slices].astype(np.float32)
    between = (eye.gap > 0) & (eye.height > eye.fold)
    lid = between & (eye.height < eye.upper - eye.fringe / 2)
    if not lid.any():
        return 0.0
    skin = eye.read(luma, eye.lower + SKIN * eye.width - eye.height)
    share = (own[lid].mean() - dark) / max(float(skin[lid].mean() - dark), 1.0)
    return float(np.clip((LIT - share) / 0.3, *DIM))


def with_closed_eyes(frame: Frame, eyes: Sequence[tuple[EyeSamples, ...]], share: float) -> Frame:
    """The frame with its eyes closed by a share."""
    if share < 0.01:
        return frame
    closed = Frame(copy_av_frame(frame.av_frame), frame.aspect)
    for eye in eyes:
        for index, (source, target) in enumerate(zip(frame.planes(), closed.planes(), strict=True)):
            samples = eye[min(index, 1)]
            levels = _levels(frame, index == 0)
            values = np.rint(_closed(samples, source, levels, share))
            target[samples.rect.slices] = np.clip(values, 0, levels.largest)
    return closed


def _levels(frame: Frame, is_luma: bool) -> Levels:
    unit, full = 1 << (frame.layout.bits - 8), frame.tags.range == 2
    dark = (0 if full else 16 * unit) if is_luma else 128 * unit
    return Levels(dark, frame.layout.max_value, is_luma)


def _closed(eye: EyeSamples, plane: NDArray[Any], levels: Levels, share: float) -> Floats:
    rise = RISE * share * eye.gap
    drop = np.maximum(share * eye.way - rise, 0)
    line = eye.upper + 0.05 * eye.lashes + drop
    opened = _opened(eye, plane, levels, share, line, rise)
    lid = _lid(eye, plane, levels, share, line, drop)
    cover = 1 - eye.edge(line + 0.12 * eye.lashes)
    return opened + (lid - opened) * cover


def _opened(
    eye: EyeSamples, plane: NDArray[Any], levels: Levels, share: float, line: Floats, rise: Floats
) -> Floats:
    """What is seen below the lashes: the eyeball in their shadow, and the lower lid."""
    base = plane[eye.rect.slices].astype(np.float32)
    dark, fades = SHADOW
    shadow = np.exp(-np.maximum(eye.height - line, 0) / (fades * eye.width)) * (dark * share)
    ball = levels.dark + (base - levels.dark) * (1 - shadow * eye.inside)
    edge = eye.lower - rise
    lifted = rise * (1 - smooth((eye.height - edge) / (0.45 * eye.width)))
    below = eye.read(plane, lifted)
    seen = ball + (below - ball) * eye.edge(edge) * smooth(share / 0.15)
    return _without_specks(eye, plane, levels, share, seen, line)


def _without_specks(
    eye: EyeSamples, plane: NDArray[Any], levels: Levels, share: float, seen: Floats, line: Floats
) -> Floats:
    """White of the eye that the lids' curves missed takes the skin's light and colour."""
    skin = eye.read(plane, eye.lower + SKIN * eye.width - eye.height)
    skin = _blurred(skin, max(0.8, 0.08 * eye.width / eye.cell[0]))
    about = smooth(2 - np.abs(eye.height - line) / (FRINGE * eye.width)) * eye.beside
    weight = about * smooth((share - 0.5) / 0.5)
    target = np.minimum(seen, skin) if levels.is_luma else skin
    return seen + (target - seen) * weight


def _lid(
    eye: EyeSamples, plane: NDArray[Any], levels: Levels, share: float, line: Floats, drop: Floats
) -> Floats:
    """The skin from the fold down, and the lashes."""
    end = line - eye.fringe
    along = np.clip((eye.height - eye.fold) / np.maximum(end - eye.fold, 1), 0, 1)
    stretched = drop * (0.65 * smooth(along) + 0.35 * along**2)
    lid = eye.read(plane, -np.where(eye.height > end, drop, stretched))
    middle = smooth(along / 0.5) * (1 - eye.edge(line - eye.lashes)) * eye.beside
    stretch = middle * smooth(share / 0.6) * smooth(drop / (0.08 * eye.width))
    lid = _evened(eye, lid, stretch)
    skin = levels.dark + (_skin_above(eye, plane, line) - levels.dark) * (1 - SHADE * eye.dim)
    lid = lid + (skin - lid) * (eye.dim * stretch)
    if not levels.is_luma:
        return lid
    light = np.exp(-(((eye.height - (end + eye.fold) / 2) / (0.3 * eye.width)) ** 2)) * eye.inside
    light *= ROUND * share * eye.gap / max(float(eye.gap.max()), 1)
    return np.asarray(levels.dark + (lid - levels.dark) * (1 + light), np.float32)


def _evened(eye: EyeSamples, lid: Floats, stretch: Floats) -> Floats:
    """Without the streaks that stretching draws from lashes and brow."""
    even = cv2.GaussianBlur(lid, (0, 0), max(EVEN * eye.width / eye.cell[0], 0.3), sigmaY=0.3)
    return lid + (even - lid) * stretch


def _skin_above(eye: EyeSamples, plane: NDArray[Any], line: Floats) -> Floats:
    """The skin below the eye, mirrored onto the lid."""
    away = 0.15 * eye.width + 0.6 * np.abs(line - eye.height)
    skin = eye.read(plane, eye.lower + away - eye.height)
    return _blurred(skin, max(0.5, 0.05 * eye.width / eye.cell[0]))


def outgrows_lids(eye: EyeSamples, frame: Frame) -> bool:
    """Whether white of the eye reaches below its lids, as in drawn faces."""
    below = (eye.height - eye.lower) / eye.width
    luma = frame.planes()[0][eye.rect.slices][eye.gap > 0.5 * eye.gap.max()]
    below = below[eye.gap > 0.5 * eye.gap.max()]
    near, far = (luma[(below > a) & (below < b)] for a, b in (NEAR_LID, FAR_FROM_LID))
    if not near.size or not far.size:
        return True
    lighter = float(np.median(near)) - float(np.median(far))
    return lighter > WHITER * frame.layout.max_value


def contrast(eye: EyeSamples, frame: Frame) -> float:
    """How unlike the dark and the light of what is between the lids are, 0 to 1."""
    inner = (eye.gap > 0) & (eye.height > eye.upper + 0.1 * eye.gap)
    ball = inner & (eye.height < eye.lower - 0.1 * eye.gap)
    if not ball.any():
        return 0.0
    low, high = np.percentile(frame.planes()[0][eye.rect.slices][ball], (5, 95))
    return float(high - low) / frame.layout.max_value


def _curves(eye: Eye, is_left: bool) -> Curves:
    width, axes = eye.lids.width, _axes(eye)
    corner = eye.lids.lower[0]
    upper, lower, brow = (
        (line - corner) @ axes.T for line in (eye.lids.upper, eye.lids.lower, eye.brow)
    )
    places = np.asarray(np.linspace(*ACROSS, STEPS) * width, np.float64)
    top, bottom = _quartic(upper, places, width), _quartic(lower, places, width)
    gap = np.maximum(bottom - top, 0) * ((places > 0) & (places < width))
    brows = np.minimum(np.interp(places, brow[:, 0], brow[:, 1]), top - BROW_APART * width)
    fold = np.maximum(brows, np.minimum(top + FOLD * (brows - top), top - FOLD_APART * width))
    outward = 1 - places / width if is_left else places / width
    least, most = LASHES_HIGH
    fringe = (least + (most - least) * smooth((outward - 0.6) / 0.4)) * width
    curves = places, top, bottom, fold, fringe, gap, _way(gap, outward, width)
    return Curves(*(curve.astype(np.float32) for curve in curves))


def _way(gap: Points, outward: Points, width: float) -> Points:
    """A little more than the gap; the wing of lashes at the outer corner follows."""
    wing = WING * smooth((outward - 0.55) / 0.35) * smooth((1.4 - outward) / 0.4)
    largest = max(float(gap.max()), 1.0)
    more = min(0.042 * width, 0.008 * width + 0.10 * largest) * np.minimum(2 * gap / largest, 1)
    return _smoothed(np.maximum(gap + more, wing * largest), 5)


def _quartic(points: Points, places: Points, width: float) -> Points:
    """A curve of fourth degree through the first and last of some points, near the others."""
    x, y = points[:, 0] / width, points[:, 1]
    chord = (1 - x) * y[0] + x * y[-1]
    factors, *_ = np.linalg.lstsq(_bows(x), y - chord, rcond=None)
    z = np.clip(places / width, 0, 1)
    return np.asarray((1 - z) * y[0] + z * y[-1] + _bows(z) @ factors)


def _bows(x: Points) -> Points:
    bow = x * (1 - x)
    return np.stack([bow, bow * (x - 0.5), bow * (x - 0.5) ** 2], -1)


def _smoothed(values: Points, sigma: float) -> Points:
    row = values.astype(np.float32)[None]
    return np.asarray(cv2.GaussianBlur(row, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)[0])


def _blurred(values: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32)


def _axes(eye: Eye) -> Points:
    """(2, 2): along the eye, and down from it."""
    x, y = (eye.lids.lower[-1] - eye.lids.lower[0]) / max(eye.lids.width, 1e-6)
    return np.array([[x, y], [-y, x]])


def _samples(eye: Eye, curves: Curves, cell: tuple[int, int], size: tuple[int, int]) -> EyeSamples:
    axes, corner, width = _axes(eye), eye.lids.lower[0], eye.lids.width
    rect = _rect(eye, curves, cell, size)
    x, y = (np.arange(*ends) + 0.5 for ends in ((rect.left, rect.right), (rect.top, rect.bottom)))
    places = np.stack(np.meshgrid(x * cell[0], y * cell[1]), -1).astype(np.float32)
    own = (places - corner.astype(np.float32)) @ axes.T.astype(np.float32)
    names = ("upper", "lower", "fold", "fringe", "gap", "way")
    along = np.ascontiguousarray(own[..., 0])
    at = {name: np.interp(along, curves.places, getattr(curves, name)) for name in names}
    beyond = np.maximum(-along, along - width) / width
    inside, beside = smooth((0.22 - beyond) / 0.28), smooth((BESIDE - beyond) / 0.12)
    lines = {name: values.astype(np.float32) for name, values in at.items()}
    return EyeSamples(
        rect,
        cell,
        axes[1].astype(np.float32),
        width,
        places,
        own[..., 1],
        **lines,
        inside=inside,
        beside=beside,
    )


def _rect(eye: Eye, curves: Curves, cell: tuple[int, int], size: tuple[int, int]) -> Rect:
    """The samples about an eye, up to its brow, inside planes of a picture of (width, height)."""
    width = eye.lids.width
    top = min(-BESIDE * width, float(curves.fold.min()) - ABOVE * width)
    bottom = float(curves.lower.max()) + BELOW * width
    sides = np.array([-BESIDE, 1 + BESIDE]) * width
    corners = np.array([(x, y) for x in sides for y in (top, bottom)])
    inside = corners @ _axes(eye) + eye.lids.lower[0]
    low = np.maximum(np.floor(inside.min(0) / cell), 0).astype(int)
    limit = np.ceil(np.divide(size, cell)).astype(int)
    high = np.minimum(np.ceil(inside.max(0) / cell).astype(int), limit)
    return Rect(int(low[1]), int(high[1]), int(low[0]), int(high[0]))


def _length(least: tuple[float, float], width: float) -> float:
    """Pixels: at least so many, else so many widths of the eye."""
    return max(least[0], least[1] * width)
