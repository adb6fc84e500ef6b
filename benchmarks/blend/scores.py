"""What can be wrong with a mouth laid into a face, each as a number.

All pictures are whole frames: `out` the result, `face` the source; what is good is 0 unless said.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Mask, Region

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

LUMA = np.array([0.114, 0.587, 0.299], np.float32)
FULL = 0.98  # of the mask: from here on there is no more transition
OUTSIDE, INSIDE = 4, 4  # pixels to both sides of the mask's border that always count
SECTORS = (8, 32)  # fewest and most, around the mask
SECTOR_PIXELS = 12  # of the border in each, that texture averages out
CHANCE = 2.0  # standard errors
FEW = 4  # pixels of which a mean says nothing
TILES = 12  # across a face


def seam(out: Region, face: Region, mask: Mask, changed: Bools) -> float:
    """The steepest step that was not in the source, on the way into the mask: levels a pixel.

    Averaged along the border in sectors, over the whole transition, without what really moved. A
    step counts as far as it exceeds what lost texture makes by chance.
    """
    depth = _depth(mask)
    near = (depth >= -OUTSIDE) & ((mask < FULL) | (depth < INSIDE))
    use = near & ~changed
    if not use.any():
        return 0.0
    sector, count = _sectors(mask, depth)
    deepest = int(depth[use].max()) + OUTSIDE + 1
    index = sector[use] * deepest + depth[use] + OUTSIDE
    mean, spread = (
        part.reshape(count, deepest, 3)
        for part in _means((out - face)[use], index, count * deepest)
    )
    chance = CHANCE * np.sqrt(spread[:, 1:] + spread[:, :-1])
    steps = np.maximum(np.abs(np.diff(mean, axis=1)) - chance, 0)
    steps = np.nan_to_num(steps, nan=-1.0).max(axis=(1, 2))
    return float(steps[steps >= 0].mean()) if (steps >= 0).any() else 0.0


def coverage(
    out: Region, old: Region, new: Region, mouth: Bools, pixel: float
) -> tuple[float, float]:
    """How much of the new mouth shows, 1 is all: over the whole mouth, and where it is worst.

    The colours of `out` may be others than those of `new`, and it may be softer or sharper.
    """
    if mouth.sum() < FEW:
        return 1.0, 1.0
    shown, before, after = (_blurred(p, 1.5 * pixel)[mouth] for p in (out, old, new))
    centred = [p - p.mean(axis=0) for p in (after, before, shown)]
    a, b = np.linalg.lstsq(
        np.stack([centred[0].ravel(), centred[1].ravel()], 1), centred[2].ravel(), rcond=None
    )[0].tolist()
    gain = a + b
    if gain <= 0:
        return 0.0, 0.0
    shown = (shown - shown.mean(axis=0)) / gain + (a * after + b * before).mean(axis=0) / gain
    rows, columns = np.nonzero(mouth)
    side = 96 * pixel / TILES
    tile = (rows // side).astype(int) * 1000 + (columns // side).astype(int)
    return _capped(a / gain), _worst(shown - before, after - before, tile, side)


def sharpness(out: Region, face: Region, mouth: Bools, cheek: Bools, pixel: float) -> float:
    """Fine contrast of the mouth against that of the source's cheeks; more is crisper."""
    if not (mouth.any() and cheek.any()):
        return 0.0
    return _ratio(_fine(out, pixel)[mouth].std(), _fine(face, pixel)[cheek].std())


def gradient(out: Region, face: Region, mouth: Bools, cheek: Bools) -> float:
    """Mean steepness of the mouth against that of the source's cheeks.

    A blurred edge is less steep but as much wider, so this hardly tells soft from crisp.
    """
    if not (mouth.any() and cheek.any()):
        return 0.0
    return _ratio(_slope(out)[mouth].mean(), _slope(face)[cheek].mean())


def halo(out: Region, pasted: Region, mouth: Bools, pixel: float) -> float:
    """How far the worst hundredth lies beyond the neighbourhood in the plain patch: levels."""
    if not mouth.any():
        return 0.0
    side = 2 * max(1, round(pixel)) + 1
    kernel = np.ones((side, side), np.uint8)
    made, plain = luminance(out), luminance(pasted)
    gain, shift = np.polyfit(plain[mouth], made[mouth], 1)  # another colour is no halo
    made = np.asarray((made - shift) / max(float(gain), 0.1), np.float32)
    beyond = np.maximum(made - cv2.dilate(plain, kernel), cv2.erode(plain, kernel) - made)
    return float(np.percentile(np.maximum(beyond, 0)[mouth], 99))


def colour_step(out: Region, face: Region, mask: Mask, changed: Bools, pixel: float) -> float:
    """Distance in Lab between skin just inside the mask and the same skin in the source."""
    for full in (0.9, 0.6, 0.3):
        depth = _depth(np.where(mask >= full, np.float32(1), np.float32(0)))
        ring = (depth >= 0) & (depth < max(8 * pixel, 2)) & ~changed
        if ring.sum() >= 20:
            step = (_lab(out) - _lab(face))[ring].mean(axis=0)
            return float(np.linalg.norm(step))
    return 0.0


def texture(out: Region, face: Region, mask: Mask, changed: Bools, pixel: float) -> float:
    """Fine detail of the unmoved skin inside the mask against the source's; 1 is all of it."""
    skin = (mask > 0.5) & ~changed
    if skin.sum() < 20:
        return 1.0
    return _ratio(_fine(out, pixel)[skin].std(), _fine(face, pixel)[skin].std())


def outside(out: Region, face: Region, mask: Mask) -> float:
    """The largest change where the mask is 0."""
    return float(np.abs(out - face)[mask == 0].max(initial=0))


def flicker(frames: list[Region], still: Bools) -> float:
    """Mean change from frame to frame of skin that does not move: levels."""
    if len(frames) < 2 or not still.any():
        return 0.0
    shown = np.stack([frame[still] for frame in frames])
    return float(np.abs(np.diff(shown, axis=0)).mean())


def luminance(picture: Region) -> Floats:
    return np.asarray(picture @ LUMA, np.float32)


def _depth(mask: Mask) -> NDArray[np.int32]:
    """Whole pixels into the mask: 0 for the first inside, -1 for the first outside."""
    inside = (mask > 0).astype(np.uint8)
    padded = cv2.copyMakeBorder(inside, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    into = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    away = cv2.distanceTransform(1 - padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    whole = np.floor(np.where(inside > 0, into - 0.5, 0.5 - away))
    return np.asarray(whole, np.int32)


def _sectors(mask: Mask, depth: NDArray[np.int32]) -> tuple[NDArray[np.int64], int]:
    """To which of how many sectors around the mask's middle each pixel belongs."""
    count = int(np.clip((depth == 0).sum() // SECTOR_PIXELS, *SECTORS))
    rows, columns = np.nonzero(mask > 0)
    y, x = np.ogrid[: mask.shape[0], : mask.shape[1]]
    angle = np.arctan2(y - rows.mean(), x - columns.mean()) / (2 * math.pi) + 0.5
    return np.minimum((angle * count).astype(np.int64), count - 1), count


def _means(
    values: Floats, index: NDArray[np.int64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(count, 3) each: an index's mean and its squared standard error; no number where few are."""
    seen = np.bincount(index, minlength=count).astype(np.float64)[:, None]
    seen[seen < FEW] = np.nan
    mean, square = (
        np.stack([np.bincount(index, power[:, c], count) for c in range(3)], axis=1) / seen
        for power in (values, np.square(values))
    )
    return mean, np.maximum(square - np.square(mean), 0) / seen


def _worst(shown: Floats, wanted: Floats, tile: NDArray[np.int64], side: float) -> float:
    _, tile = np.unique(tile, return_inverse=True)
    size = np.bincount(tile)
    share = np.bincount(tile, (shown * wanted).sum(axis=1)) / np.bincount(
        tile, np.square(wanted).sum(axis=1)
    )
    full = size >= max(0.3 * side * side, FEW)
    return _capped(float(share[full].min())) if full.any() else 1.0


def _capped(share: float) -> float:
    return min(max(share, 0.0), 1.0)


def _ratio(ours: float, source: float) -> float:
    return float(ours) / max(float(source), 1e-3)


def _fine(picture: Region, pixel: float) -> Floats:
    """What is finer than a pixel of the patch."""
    light = luminance(picture)
    return light - _blurred(light, max(1.0, pixel))


def _slope(picture: Region) -> Floats:
    light = luminance(picture)
    across, along = (cv2.Scharr(light, cv2.CV_32F, *way) / 32 for way in ((1, 0), (0, 1)))
    return np.asarray(np.hypot(across, along), np.float32)


def _lab(picture: Region) -> Floats:
    clipped = np.clip(picture, 0, 255) / np.float32(255)
    return np.asarray(cv2.cvtColor(clipped, cv2.COLOR_BGR2LAB), np.float32)


def _blurred(picture: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)
