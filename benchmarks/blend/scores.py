"""Scores of a mouth blended into a face, for which the mask or the true mouth must be known.

All pictures are whole frames: `result` with the new mouth, `source` with the old one. 0 is good
unless the score says otherwise. The meters of `quality` measure, under their own names, what shows
without that knowledge: a seam, a step of colour, flicker and more.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Mask, Region

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

LUMA = np.array([0.114, 0.587, 0.299], np.float32)  # of BGR
FULL = 0.98  # of the mask: from here on there is no more transition
OUTSIDE, INSIDE = 4, 4  # pixels to both sides of the mask's border that always count
SECTORS = (8, 32)  # fewest and most, around the mask
SECTOR_PIXELS = 12  # of the border in each: over so many, texture averages out
CHANCE = 2.0  # standard errors
FEW = 4  # pixels whose mean is too uncertain to count
TILES = 12  # across a face


def mask_edge_step(result: Region, source: Region, mask: Mask, moved: Bools) -> float:
    """The steepest step on the way into the mask that is not in the source: levels a pixel.

    It is averaged along the border in sectors and searched through the whole transition, without
    the pixels that really moved. A step counts as far as it exceeds what lost texture explains.
    """
    depth = _mask_depth(mask)
    near_edge = (depth >= -OUTSIDE) & ((mask < FULL) | (depth < INSIDE))
    measured = near_edge & ~moved
    if not measured.any():
        return 0.0
    sector, count = _sectors(mask, depth)
    depths = int(depth[measured].max()) + OUTSIDE + 1
    index = sector[measured] * depths + depth[measured] + OUTSIDE
    mean, squared_error = (
        part.reshape(count, depths, 3)
        for part in _group_means((result - source)[measured], index, count * depths)
    )
    by_chance = CHANCE * np.sqrt(squared_error[:, 1:] + squared_error[:, :-1])
    steps = np.maximum(np.abs(np.diff(mean, axis=1)) - by_chance, 0)
    steps = np.nan_to_num(steps, nan=-1.0).max(axis=(1, 2))
    return float(steps[steps >= 0].mean()) if (steps >= 0).any() else 0.0


def coverage(
    result: Region, old: Region, new: Region, mouth: Bools, patch_pixel: float
) -> tuple[float, float]:
    """The share of the new mouth that shows, 1 is all: over the whole mouth, and where it is worst.

    The result may differ from `new` in its colours, and be softer or sharper.
    """
    if mouth.sum() < FEW:
        return 1.0, 1.0
    shown, before, after = (_blurred(p, 1.5 * patch_pixel)[mouth] for p in (result, old, new))
    centred = [p - p.mean(axis=0) for p in (after, before, shown)]
    a, b = np.linalg.lstsq(
        np.stack([centred[0].ravel(), centred[1].ravel()], 1), centred[2].ravel(), rcond=None
    )[0].tolist()
    gain = a + b
    if gain <= 0:
        return 0.0, 0.0
    shown = (shown - shown.mean(axis=0)) / gain + (a * after + b * before).mean(axis=0) / gain
    rows, columns = np.nonzero(mouth)
    side = 96 * patch_pixel / TILES
    tile = (rows // side).astype(int) * 1000 + (columns // side).astype(int)
    return _clamped(a / gain), _worst_tile(shown - before, after - before, tile, side)


def mouth_detail(
    result: Region, source: Region, mouth: Bools, cheek: Bools, patch_pixel: float
) -> float:
    """Detail finer than a patch pixel in the mouth against the source's cheeks; more is crisper."""
    if not (mouth.any() and cheek.any()):
        return 0.0
    detail, natural = _fine(result, patch_pixel), _fine(source, patch_pixel)
    return _ratio(detail[mouth].std(), natural[cheek].std())


def halo(result: Region, pasted: Region, mouth: Bools, patch_pixel: float) -> float:
    """How far the worst hundredth lies beyond the nearby pixels of the plain patch: levels."""
    if not mouth.any():
        return 0.0
    side = 2 * max(1, round(patch_pixel)) + 1
    kernel = np.ones((side, side), np.uint8)
    light, plain = luminance(result), luminance(pasted)
    gain, offset = np.polyfit(plain[mouth], light[mouth], 1)  # another colour is no halo
    light = np.asarray((light - offset) / max(float(gain), 0.1), np.float32)
    beyond = np.maximum(light - cv2.dilate(plain, kernel), cv2.erode(plain, kernel) - light)
    return float(np.percentile(np.maximum(beyond, 0)[mouth], 99))


def mask_edge_colour(
    result: Region, source: Region, mask: Mask, moved: Bools, patch_pixel: float
) -> float:
    """Distance in Lab between unmoved skin just inside the mask and the same skin in the source."""
    for full in (0.9, 0.6, 0.3):
        depth = _mask_depth(np.where(mask >= full, np.float32(1), np.float32(0)))
        ring = (depth >= 0) & (depth < max(8 * patch_pixel, 2)) & ~moved
        if ring.sum() >= 20:
            step = (_to_lab(result) - _to_lab(source))[ring].mean(axis=0)
            return float(np.linalg.norm(step))
    return 0.0


def skin_detail(
    result: Region, source: Region, mask: Mask, moved: Bools, patch_pixel: float
) -> float:
    """Fine detail of the unmoved skin inside the mask against the source's; 1 is all of it."""
    skin = (mask > 0.5) & ~moved
    if skin.sum() < 20:
        return 1.0
    return _ratio(_fine(result, patch_pixel)[skin].std(), _fine(source, patch_pixel)[skin].std())


def outside_mask(result: Region, source: Region, mask: Mask) -> float:
    """The largest change where the mask is 0: levels."""
    return float(np.abs(result - source)[mask == 0].max(initial=0))


def skin_flicker(frames: list[Region], still: Bools) -> float:
    """The mean change from frame to frame of skin inside the mask that does not move: levels."""
    if len(frames) < 2 or not still.any():
        return 0.0
    skin = np.stack([frame[still] for frame in frames])
    return float(np.abs(np.diff(skin, axis=0)).mean())


def luminance(picture: Region) -> Floats:
    return np.asarray(picture @ LUMA, np.float32)


def _mask_depth(mask: Mask) -> NDArray[np.int32]:
    """Whole pixels into the mask: 0 for the first inside, -1 for the first outside."""
    inside = (mask > 0).astype(np.uint8)
    padded = cv2.copyMakeBorder(inside, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    inwards = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    outwards = cv2.distanceTransform(1 - padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    whole = np.floor(np.where(inside > 0, inwards - 0.5, 0.5 - outwards))
    return np.asarray(whole, np.int32)


def _sectors(mask: Mask, depth: NDArray[np.int32]) -> tuple[NDArray[np.int64], int]:
    """Each pixel's sector around the mask's middle, and how many sectors there are."""
    count = int(np.clip((depth == 0).sum() // SECTOR_PIXELS, *SECTORS))
    rows, columns = np.nonzero(mask > 0)
    y, x = np.ogrid[: mask.shape[0], : mask.shape[1]]
    angle = np.arctan2(y - rows.mean(), x - columns.mean()) / (2 * math.pi) + 0.5
    return np.minimum((angle * count).astype(np.int64), count - 1), count


def _group_means(
    values: Floats, index: NDArray[np.int64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(count, 3) each: a group's mean and its squared standard error; NaN for a small group."""
    pixels = np.bincount(index, minlength=count).astype(np.float64)[:, None]
    pixels[pixels < FEW] = np.nan
    mean, square = (
        np.stack([np.bincount(index, power[:, c], count) for c in range(3)], axis=1) / pixels
        for power in (values, np.square(values))
    )
    return mean, np.maximum(square - np.square(mean), 0) / pixels


def _worst_tile(shown: Floats, complete: Floats, tile: NDArray[np.int64], side: float) -> float:
    """The least share of the complete change that shows in any tile of the mouth."""
    _, tile = np.unique(tile, return_inverse=True)
    size = np.bincount(tile)
    share = np.bincount(tile, (shown * complete).sum(axis=1)) / np.bincount(
        tile, np.square(complete).sum(axis=1)
    )
    large_enough = size >= max(0.3 * side * side, FEW)
    return _clamped(float(share[large_enough].min())) if large_enough.any() else 1.0


def _clamped(share: float) -> float:
    return min(max(share, 0.0), 1.0)


def _ratio(result: float, source: float) -> float:
    return float(result) / max(float(source), 1e-3)


def _fine(picture: Region, patch_pixel: float) -> Floats:
    """The part of the luminance that is finer than a pixel of the patch."""
    light = luminance(picture)
    return light - _blurred(light, max(1.0, patch_pixel))


def _to_lab(picture: Region) -> Floats:
    clipped = np.clip(picture, 0, 255) / np.float32(255)
    return np.asarray(cv2.cvtColor(clipped, cv2.COLOR_BGR2LAB), np.float32)


def _blurred(picture: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)
