"""A crisp mouth from 96x96 pixels, in seven steps."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from base.geometry import Affine, Box, Mask, Picture, Region
from blending.color import matched
from blending.detail import sameness, with_detail
from blending.mix import mixed, threefold
from blending.patch import SIDE, Floats, Patch
from blending.resample import CUBIC, LANCZOS, resampled

MARGIN = 8  # patch pixels around what is shown, so that no filter sees where it ends
FULL_STRENGTH = 1.5  # frame pixels a patch pixel; on smaller faces less is missing
LEAST_STRENGTH = 0.4  # where nothing is enlarged
EDGE = 18.0  # levels a pixel of 192: so steep a slope counts as half an edge
NARROW = 1.2  # pixels of 192: edges finer than that are noise
DRAW = 5.0  # pixels of 192, times how fast the edge fades to its sides
WAYS = ((1, 0), (0, 1))
NOISE = 5.0  # levels that the bilateral filter evens out
PASSES = ((1.2, 0.4), (0.7, 0.7), (0.4, 0.9))  # radius in patch pixels, and amount
SHADING = 25.0  # levels between neighbours: what is smoother is shading, which shall stay soft
SOFT = 0.3  # of the amount is left for shading
HALO = 5.0  # levels by which sharpening may leave the range of the neighbours
TILE = 24  # patch pixels that CLAHE looks at together
CONTRAST = 0.2  # how much of CLAHE shows
STEEPEST = 2.0  # its clip limit: noise grows no more than that
FADE = 8  # patch pixels over which a shift of colour is taken back
FARTHEST = 16.0  # levels that a colour may be corrected by


@dataclass(frozen=True)
class Aim:
    """Where an enhanced mouth goes, and what it may not stray from."""

    plain: Region  # the patch as it is, at its place
    darkest: Mask  # (height, width) levels: of the patch around each pixel
    lightest: Mask
    to_region: Affine  # from the part of the patch that is worked on
    part: tuple[slice, slice]  # its rows and columns

    @classmethod
    def of(cls, patch: Patch, plain: Region) -> "Aim":
        reach = (2 * max(1, round(by)) + 1 for by in (patch.to_region.e, patch.to_region.a))
        light, near = _light(plain), np.ones(tuple(reach), np.uint8)
        darkest, lightest = (
            np.asarray(at(light, near), np.float32) for at in (cv2.erode, cv2.dilate)
        )
        rows, columns = patch.seen_in(plain, MARGIN)
        to_region = Affine.shift(columns.start, rows.start).then(patch.to_region)
        return cls(plain, darkest, lightest, to_region, (rows, columns))

    @property
    def strength(self) -> float:
        """0..1"""
        enlarged = math.sqrt(self.to_region.a * self.to_region.e)
        rise = (1 - LEAST_STRENGTH) / (FULL_STRENGTH - 1)
        least = LEAST_STRENGTH * min(enlarged, 1.0)
        return min(1.0, least + rise * max(enlarged - 1, 0))


Step = Callable[[Region, Aim], Region]


def enhance_mouth_region(
    patch: Picture, size: tuple[int, int], face: Picture | None = None
) -> Picture:
    """The untouched 96x96 patch as a crisp picture of (width, height), in the colours of `face`.

    Without a face the patch keeps its own colours.
    """
    if patch.shape != (SIDE, SIDE, 3):
        raise ValueError(f"HD starts from the untouched {SIDE}x{SIDE} patch, got {patch.shape}")
    width, height = size
    place = Affine.square_to_box(SIDE, Box(0, height, 0, width))
    made = Patch(patch, place, patch if face is None else face)
    if face is not None:
        made = matched(made, np.full((height, width), 0.5, np.float32))
    plain = made.onto(np.empty((height, width, 3), np.float32))
    return np.clip(np.rint(enhanced(made, plain)), 0, 255).astype(np.uint8)


def hd(patch: Patch, face: Region, mask: Mask, /) -> Region:
    """The mouth crisp where it is new; elsewhere the face keeps its own texture."""
    change = patch.pixels.astype(np.float32) - patch.source.astype(np.float32)
    if not change.any():
        return face
    plain = patch.onto(face)
    new = 1 - patch.warped(sameness(change)[:, :, None], face)
    crisper = threefold(new) * (enhanced(patch, plain) - plain)
    return mixed(with_detail(patch, face) + crisper, face, mask)


def enhanced(patch: Patch, plain: Region, steps: Mapping[str, Step] | None = None) -> Region:
    """The patch at the size and place of `plain`, which shows it as it is."""
    aim = Aim.of(patch, plain)
    picture = patch.pixels[aim.part].astype(np.float32)
    for step in (STEPS if steps is None else steps).values():
        picture = step(picture, aim)
    return picture


def doubled(picture: Region, aim: Aim) -> Region:
    """Twice as wide and tall: the whole patch becomes 192x192."""
    height, width = picture.shape[:2]
    # cv2's cubic ripples where brightness rises evenly, and sharpening makes the ripples stripes
    return resampled(picture, Affine(2, 0, 0, 0, 2, 0), (2 * width, 2 * height), CUBIC)


def firmer(picture: Region, aim: Aim) -> Region:
    """Edges become narrower and go no further: what lies beside one is drawn towards it."""
    grey = cv2.GaussianBlur(_light(picture), (0, 0), NARROW)
    slope = cv2.magnitude(*(cv2.Sobel(grey, cv2.CV_32F, *way, scale=1 / 8) for way in WAYS))
    edge = cv2.GaussianBlur(_edges(np.asarray(slope, np.float32), EDGE), (0, 0), NARROW)
    draw = np.float32(-DRAW * aim.strength)
    x, y = (draw * cv2.Sobel(edge, cv2.CV_32F, *way, scale=1 / 8) for way in WAYS)
    height, width = edge.shape
    x += np.arange(width, dtype=np.float32)
    y += np.arange(height, dtype=np.float32)[:, None]
    moved = cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def smoothed(picture: Region, aim: Aim) -> Region:
    """Noise evened out, edges kept."""
    return np.asarray(cv2.bilateralFilter(picture, 5, NOISE, 1.5), np.float32)


def enlarged(picture: Region, aim: Aim) -> Region:
    """At its place, exact to a fraction of a pixel."""
    tall, wide = (along.stop - along.start for along in aim.part)
    to_part = Affine(wide / picture.shape[1], 0, 0, 0, tall / picture.shape[0], 0)
    height, width = aim.plain.shape[:2]
    return resampled(picture, to_part.then(aim.to_region), (width, height), LANCZOS)


def sharpened(picture: Region, aim: Aim) -> Region:
    """Unsharp masks from wide to narrow, each bounded by the patch's own lights and shades."""
    before = light = _light(picture)
    crisp = SOFT + (1 - SOFT) * _edges(aim.lightest - aim.darkest, SHADING)
    crisp *= np.float32(aim.strength)
    for radius, amount in PASSES:
        across, along = radius * aim.to_region.a, radius * aim.to_region.e
        soft = cv2.GaussianBlur(light, (0, 0), across, None, along, cv2.BORDER_REPLICATE)
        detail = np.asarray(np.float32(amount) * crisp * (light - soft), np.float32)
        light = _bounded(light + detail, aim)
    return _lit(picture, light - before)


def contrasted(picture: Region, aim: Aim) -> Region:
    """CLAHE on luminance, so that a dark mouth shows what is in it."""
    before = _light(picture)
    levels = np.clip(np.rint(before), 0, 255).astype(np.uint8)
    more = cv2.subtract(_equalized(levels, aim.to_region), levels, dtype=cv2.CV_32F)
    amount = np.float32(aim.strength * CONTRAST)
    after = _bounded(np.asarray(before + amount * more, np.float32), aim)
    return _lit(picture, after - before)


def recoloured(picture: Region, aim: Aim) -> Region:
    """What the steps before did to the colours at large is taken back."""
    reach = tuple(2 * round(FADE * by / 2) + 1 for by in (aim.to_region.a, aim.to_region.e))
    shift = cv2.blur(cv2.blur(aim.plain - picture, reach), reach)
    return picture + np.clip(shift, -FARTHEST, FARTHEST)


STEPS: dict[str, Step] = {
    "doubled": doubled,
    "firmer": firmer,
    "smoothed": smoothed,
    "enlarged": enlarged,
    "sharpened": sharpened,
    "contrasted": contrasted,
    "recoloured": recoloured,
}


def _equalized(levels: Picture, to_region: Affine) -> Picture:
    """CLAHE whose tiles lie on the patch, so that they move with the face."""
    height, width = levels.shape
    wide, tall = (max(1, round(TILE * by)) for by in (to_region.a, to_region.e))
    left, top = round(-to_region.c) % wide, round(-to_region.f) % tall
    right, bottom = -(left + width) % wide, -(top + height) % tall
    whole = cv2.copyMakeBorder(levels, top, bottom, left, right, cv2.BORDER_REFLECT)
    tiles = (whole.shape[1] // wide, whole.shape[0] // tall)
    done = cv2.createCLAHE(STEEPEST, tiles).apply(whole)
    return np.asarray(done[top : top + height, left : left + width], np.uint8)


def _bounded(light: Floats, aim: Aim) -> Floats:
    """What lies beyond the range of the neighbours comes back softly, to within HALO."""
    inside = np.clip(light, aim.darkest, aim.lightest)
    over = light - inside
    return np.asarray(inside + over / (1 + np.abs(over) / np.float32(HALO)), np.float32)


def _edges(apart: Floats, half: float) -> Floats:
    """0..1: towards 1 where neighbours lie far apart."""
    square = np.square(apart)
    return np.asarray(square / (square + np.float32(half * half)), np.float32)


def _light(picture: Region) -> Floats:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.float32)


def _lit(picture: Region, by: Floats) -> Region:
    """Lighter by so many levels, the colour as it was."""
    return picture + threefold(by)
