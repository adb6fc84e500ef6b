"""HD: enlarge the generator's 96x96 patch to a crisp mouth, in seven steps."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from cv2.typing import MatLike

from base.geometry import Affine, Box, Mask, Picture, Region
from blending.color import match_colors
from blending.detail import restore_texture, unchanged_weights
from blending.mix import alpha_blend, to_three_channels
from blending.patch import SIDE, Floats, Patch
from blending.resample import CUBIC, LANCZOS, resample
from blending.softness import patch_softness

MARGIN = 8  # patch pixels around the visible part, so that no filter meets its border
FULL_STRENGTH_SCALE = 1.5  # frame pixels per patch pixel; smaller faces lack less sharpness
FULL_STRENGTH_BLUR = 1.6  # patch pixels; a patch that is blurred less lacks less
USUAL_BLUR = 0.8  # patch pixels: of a generator whose source is not known
MIN_STRENGTH = 0.4  # at a scale of 1, where nothing is enlarged
SOBEL_SCALE = 1 / 8  # makes a 3x3 Sobel filter the derivative in levels per pixel
EDGE_SLOPE = 18.0  # levels per pixel of the doubled patch: the slope that counts as half an edge
EDGE_SIGMA = 1.2  # pixels of the doubled patch: finer edges are noise
EDGE_PULL = 5.0  # pixels of the doubled patch, per unit of the edge weight's gradient
NOISE = 5.0  # levels that the bilateral filter evens out
SHARPEN_PASSES = ((1.2, 0.4), (0.7, 0.7), (0.4, 0.9))  # radius in patch pixels, and amount
SHADING = 25.0  # levels between neighbours: smaller differences are shading, which stays soft
SHADING_SHARE = 0.3  # of the sharpening that shading gets
HALO = 5.0  # levels by which sharpening may leave the range of the neighbours
CLAHE_TILE = 24  # patch pixels
CLAHE_SHARE = 0.2  # of CLAHE's change that is applied
CLAHE_CLIP = 2.0  # limits how much noise grows
COLOR_RADIUS = 8  # patch pixels over which a shift of colour is measured
MAX_COLOR_SHIFT = 16.0  # levels by which a colour may be corrected


@dataclass(frozen=True)
class Target:
    """The place of the enhanced patch, and the plain patch that limits the enhancement."""

    plain: Region  # the patch warped to its place without enhancement
    darkest: Mask  # (height, width) levels: of the plain patch within a patch pixel
    lightest: Mask
    to_region: Affine  # from the enhanced part of the patch
    part: tuple[slice, slice]  # the patch's rows and columns that are enhanced
    blur: float  # patch pixels by which the generator blurred

    @classmethod
    def of(cls, patch: Patch, plain: Region, blur: float = USUAL_BLUR) -> "Target":
        scales = patch.to_region.e, patch.to_region.a
        kernel = np.ones([2 * max(1, round(scale)) + 1 for scale in scales], np.uint8)
        light = _brightness(plain)
        rows, columns = patch.visible_slices(plain, MARGIN)
        return cls(
            plain,
            darkest=np.asarray(cv2.erode(light, kernel), np.float32),
            lightest=np.asarray(cv2.dilate(light, kernel), np.float32),
            to_region=Affine.shift(columns.start, rows.start).then(patch.to_region),
            part=(rows, columns),
            blur=blur,
        )

    @property
    def strength(self) -> float:
        """How strongly to enhance, 0 to 1: by what a blurred and enlarged patch is missing."""
        scale = math.sqrt(self.to_region.a * self.to_region.e)
        slope = (1 - MIN_STRENGTH) / (FULL_STRENGTH_SCALE - 1)
        enlarged = min(1.0, MIN_STRENGTH * min(scale, 1.0) + slope * max(scale - 1, 0))
        return enlarged * min(1.0, self.blur / FULL_STRENGTH_BLUR)


Step = Callable[[Region, Target], Region]


def enhance_mouth_region(
    patch: Picture, size: tuple[int, int], face: Picture | None = None
) -> Picture:
    """Return the 96x96 patch as a crisp picture of (width, height), in the colours of `face`.

    `face` is the 96x96 source face; without it the patch keeps its own colours.
    """
    if patch.shape != (SIDE, SIDE, 3):
        raise ValueError(f"HD starts from the untouched {SIDE}x{SIDE} patch, got {patch.shape}")
    width, height = size
    to_region = Affine.square_to_box(SIDE, Box(0, height, 0, width))
    enlarged = Patch(patch, to_region, patch if face is None else face)
    if face is not None:
        enlarged = match_colors(enlarged, np.full((height, width), 0.5, np.float32))
    plain = enlarged.warp_pixels(np.empty((height, width, 3), np.float32))
    return np.clip(np.rint(enhance(enlarged, plain)), 0, 255).astype(np.uint8)


def hd(patch: Patch, face: Region, mask: Mask, /) -> Region:
    """Blend in an enhanced mouth; the face keeps its own texture where nothing changed."""
    change = patch.pixels.astype(np.float32) - patch.source.astype(np.float32)
    if not change.any():
        return face
    plain = patch.warp_pixels(face)
    changed = 1 - patch.warp(unchanged_weights(change)[:, :, None], face)
    crisp = enhance(patch, plain, blur=patch_softness(patch, face))
    sharpness = to_three_channels(changed) * (crisp - plain)
    return alpha_blend(restore_texture(patch, face) + sharpness, face, mask)


def enhance(
    patch: Patch,
    plain: Region,
    steps: Mapping[str, Step] | None = None,
    blur: float = USUAL_BLUR,
) -> Region:
    """Return the enhanced patch at the size and place of `plain`, the patch warped unenhanced.

    `blur` is the generator's, in patch pixels: what was not blurred is hardly enhanced.
    """
    target = Target.of(patch, plain, blur)
    picture = patch.pixels[target.part].astype(np.float32)
    for step in (STEPS if steps is None else steps).values():
        picture = step(picture, target)
    return picture


def double_size(picture: Region, target: Target) -> Region:
    """Enlarge to twice the width and height: the whole patch becomes 192x192."""
    height, width = picture.shape[:2]
    # cv2's cubic ripples where brightness rises evenly, and sharpening makes the ripples stripes
    return resample(picture, Affine(2, 0, 0, 0, 2, 0), (2 * width, 2 * height), CUBIC)


def narrow_edges(picture: Region, target: Target) -> Region:
    """Warp the pixels beside an edge towards it, which makes it steeper but not higher."""
    grey = cv2.GaussianBlur(_brightness(picture), (0, 0), EDGE_SIGMA)
    slope = np.asarray(cv2.magnitude(*_derivatives(grey)), np.float32)
    edge = cv2.GaussianBlur(_edge_weights(slope, EDGE_SLOPE), (0, 0), EDGE_SIGMA)
    pull = np.float32(-EDGE_PULL * target.strength)
    x, y = (pull * derivative for derivative in _derivatives(edge))
    height, width = edge.shape
    x += np.arange(width, dtype=np.float32)
    y += np.arange(height, dtype=np.float32)[:, None]
    warped = cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.float32)


def reduce_noise(picture: Region, target: Target) -> Region:
    """Even out noise and keep edges."""
    return np.asarray(
        cv2.bilateralFilter(picture, 5, max(NOISE * target.strength, 1e-3), 1.5), np.float32
    )


def enlarge(picture: Region, target: Target) -> Region:
    """Resample to the target's size and place, exact to a fraction of a pixel."""
    height, width = (part.stop - part.start for part in target.part)
    to_part = Affine(width / picture.shape[1], 0, 0, 0, height / picture.shape[0], 0)
    size = target.plain.shape[1], target.plain.shape[0]
    return resample(picture, to_part.then(target.to_region), size, LANCZOS)


def unsharp_mask(picture: Region, target: Target) -> Region:
    """Apply unsharp masks from wide to narrow, each limited to the plain patch's local range."""
    before = light = _brightness(picture)
    weights = _edge_weights(target.lightest - target.darkest, SHADING)
    weights = SHADING_SHARE + (1 - SHADING_SHARE) * weights
    weights *= np.float32(target.strength)
    for radius, amount in SHARPEN_PASSES:
        sigma_x, sigma_y = radius * target.to_region.a, radius * target.to_region.e
        blurred = cv2.GaussianBlur(light, (0, 0), sigma_x, None, sigma_y, cv2.BORDER_REPLICATE)
        detail = np.asarray(np.float32(amount) * weights * (light - blurred), np.float32)
        light = _limit_halos(light + detail, target)
    return _add_brightness(picture, light - before)


def enhance_contrast(picture: Region, target: Target) -> Region:
    """Apply a share of CLAHE to the brightness, so that a dark mouth shows what is in it."""
    before = _brightness(picture)
    levels = np.clip(np.rint(before), 0, 255).astype(np.uint8)
    change = cv2.subtract(_equalize(levels, target.to_region), levels, dtype=cv2.CV_32F)
    amount = np.float32(target.strength * CLAHE_SHARE)
    after = _limit_halos(np.asarray(before + amount * change, np.float32), target)
    return _add_brightness(picture, after - before)


def restore_colors(picture: Region, target: Target) -> Region:
    """Undo what the other steps did to the colours of larger areas."""
    scales = target.to_region.a, target.to_region.e
    size = tuple(2 * round(COLOR_RADIUS * scale / 2) + 1 for scale in scales)
    shift = cv2.blur(cv2.blur(target.plain - picture, size), size)
    return picture + np.clip(shift, -MAX_COLOR_SHIFT, MAX_COLOR_SHIFT)


STEPS: dict[str, Step] = {
    "double_size": double_size,
    "narrow_edges": narrow_edges,
    "reduce_noise": reduce_noise,
    "enlarge": enlarge,
    "unsharp_mask": unsharp_mask,
    "enhance_contrast": enhance_contrast,
    "restore_colors": restore_colors,
}


def _derivatives(image: MatLike) -> tuple[MatLike, MatLike]:
    """Along x and along y, in levels per pixel."""
    x = cv2.Sobel(image, cv2.CV_32F, 1, 0, scale=SOBEL_SCALE)
    return x, cv2.Sobel(image, cv2.CV_32F, 0, 1, scale=SOBEL_SCALE)


def _equalize(levels: Picture, to_region: Affine) -> Picture:
    """Apply CLAHE with tiles that lie on the patch, so that they move with the face."""
    height, width = levels.shape
    tile_width, tile_height = (
        max(1, round(CLAHE_TILE * scale)) for scale in (to_region.a, to_region.e)
    )
    left, top = round(-to_region.c) % tile_width, round(-to_region.f) % tile_height
    right, bottom = -(left + width) % tile_width, -(top + height) % tile_height
    padded = cv2.copyMakeBorder(levels, top, bottom, left, right, cv2.BORDER_REFLECT)
    tiles = (padded.shape[1] // tile_width, padded.shape[0] // tile_height)
    equalized = cv2.createCLAHE(CLAHE_CLIP, tiles).apply(padded)
    return np.asarray(equalized[top : top + height, left : left + width], np.uint8)


def _limit_halos(light: Floats, target: Target) -> Floats:
    """Compress what lies beyond the neighbours' range, to at most HALO levels beyond it."""
    inside = np.clip(light, target.darkest, target.lightest)
    excess = light - inside
    return np.asarray(inside + excess / (1 + np.abs(excess) / np.float32(HALO)), np.float32)


def _edge_weights(difference: Floats, half: float) -> Floats:
    """0 to 1, by the difference between neighbours: 0.5 where it is `half`, both in levels."""
    square = np.square(difference)
    return np.asarray(square / (square + np.float32(half * half)), np.float32)


def _brightness(picture: Region) -> Floats:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.float32)


def _add_brightness(picture: Region, levels: Floats) -> Region:
    """Brighten all channels alike, which keeps the colour."""
    return picture + to_three_channels(levels)
