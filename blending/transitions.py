"""Transitions between face and mouth that look at the picture they cross."""

import math

import cv2
import numpy as np

from base.geometry import Mask, Point, Region
from blending.resample import Floats

RAYS, STEPS = 128, 64  # of the polar picture in which edges are looked for
EDGE = 2.0  # levels a step: an edge so steep draws half of the transition to itself
WINDOW = 0.05  # of the mask's width: how far the guided filter looks
CONTRAST = 8.0  # levels: what differs by less belongs together


def along_edges(face: Region, new: Region, mask: Mask) -> Mask:
    """The mask with its steps moved onto edges of the face: lip line, nostril, beard.

    Seen from its middle, the mask falls along every ray; each ray's fall is shared out anew, more
    of it where the brightness of both pictures jumps: an edge that the new mouth no longer has
    would show the old one. What was 0 or 1 stays so.
    """
    if float(mask.min()) == float(mask.max()):
        return mask
    middle, farthest = _middle(mask)
    ramp = _along_rays(mask, middle, farthest)
    old_edges, new_edges = (
        _steepness(_along_rays(_brightness(picture), middle, farthest)) for picture in (face, new)
    )
    change = _shared_out(ramp, np.minimum(old_edges, new_edges)) - ramp
    back = cv2.WARP_POLAR_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpPolar(change, mask.shape[::-1], middle, farthest, back)
    return _kept_at_ends(np.asarray(mask + moved, np.float32), mask)


def guided_by_brightness(face: Region, mask: Mask) -> Mask:
    """The mask as a guided filter draws it: flat where the face is flat, steep at its edges."""
    side = 2 * max(1, round(WINDOW * mask.shape[1])) + 1
    guide = _brightness(face)

    def mean(of: Floats) -> Floats:
        return np.asarray(cv2.blur(of, (side, side), borderType=cv2.BORDER_REPLICATE), np.float32)

    guide_mean, mask_mean = mean(guide), mean(mask)
    spread = mean(guide * guide) - guide_mean * guide_mean
    together = mean(guide * mask) - guide_mean * mask_mean
    slope = np.asarray(together / (spread + np.float32(CONTRAST**2)), np.float32)
    drawn = mean(slope) * guide + mean(np.asarray(mask_mean - slope * guide_mean, np.float32))
    return _kept_at_ends(drawn, mask)


def _brightness(face: Region) -> Floats:
    return np.asarray(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY), np.float32)


def _middle(mask: Mask) -> tuple[Point, float]:
    """Of what the mask shows, and the distance from there to the farthest corner."""
    moments = cv2.moments(mask)
    x, y = moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]
    height, width = mask.shape
    return (x, y), math.hypot(max(x, width - x), max(y, height - y))


def _along_rays(flat: Floats, middle: Point, farthest: float) -> Floats:
    """A row for each direction, a column for each distance; beyond the border it goes on."""
    angles = np.arange(RAYS, dtype=np.float32)[:, None] * np.float32(2 * math.pi / RAYS)
    away = np.arange(STEPS, dtype=np.float32) * np.float32(farthest / STEPS)
    x, y = middle[0] + np.cos(angles) * away, middle[1] + np.sin(angles) * away
    seen = cv2.remap(flat, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, np.float32)


def _steepness(brightness: Floats) -> Floats:
    """Of the polar picture along its rays; neighbouring rays agree, so that nothing frays."""
    steps = cv2.Sobel(brightness, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    around = cv2.copyMakeBorder(np.abs(steps), 8, 8, 0, 0, cv2.BORDER_WRAP)
    return np.asarray(cv2.GaussianBlur(around, (5, 17), 0)[8:-8], np.float32)


def _shared_out(ramp: Floats, steepness: Floats) -> Floats:
    falls = np.maximum(ramp[:, :-1] - ramp[:, 1:], 0)
    drawn = falls * (1 + np.square(steepness[:, :-1] / np.float32(EDGE)))
    drawn *= falls.sum(1, keepdims=True) / np.maximum(drawn.sum(1, keepdims=True), 1e-6)
    still_to_fall = np.cumsum(drawn[:, ::-1], axis=1)[:, ::-1]
    return np.hstack([still_to_fall, np.zeros_like(ramp[:, :1])]) + ramp[:, -1:]


def _kept_at_ends(drawn: Floats, mask: Mask) -> Mask:
    """`drawn` in the middle of the ramp, towards its ends ever more the mask itself."""
    free = np.minimum(np.minimum(8 * mask, 4 * (1 - mask)), 1)
    return np.asarray(mask + free * (drawn.clip(0, 1) - mask), np.float32)
