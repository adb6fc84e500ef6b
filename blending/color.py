"""The colours of a generated mouth brought to those of its face."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Mask, Picture, Region
from blending.patch import SIDE, Floats, Patch

TO_YCC = np.array(  # BT.601 from BGR: brightness, then two of colour
    [[0.114, 0.587, 0.299], [0.5, -0.331264, -0.168736], [-0.081312, -0.418688, 0.5]], np.float64
)
FROM_YCC = np.linalg.inv(TO_YCC)
REACH = 6  # patch pixels around the mask that are compared, too
FARTHEST = 16.0  # levels that the mean may move
LEAST_GAIN, MOST_GAIN = 0.8, 1.25  # of the contrast
LIKE = 6.0  # levels: what differs by more than the rest of the ring is not skin alone
FLAT = 100.0  # squared levels: below that the contrast is mostly noise
FEW = 3.0  # pixels: a ring of which less is seen moves the colours only in part

Means = NDArray[np.float64]  # (3,)


def matched(patch: Patch, mask: Mask) -> Patch:
    """The patch with mean and contrast of the face, as compared in the ring around the mouth.

    The ring is where the mask is not 1, and REACH beyond it. Both are looked at as the generator
    saw and made them, so what the small size blurs plays no part, and each frame is matched for
    itself: were the match smoothed, a generator that flickers would still be seen to flicker.
    """
    ring = _ring(patch, mask)
    if not ring.any():
        return patch
    rows, columns = _every_other(ring.max(axis=1)), _every_other(ring.max(axis=0))
    made, given = (_ycc(p[rows, columns]) for p in (patch.pixels, patch.source))
    if np.array_equal(made, given):
        return patch
    tone = _tone(made, given, ring[rows, columns].ravel())
    pixels = np.clip(cv2.transform(patch.pixels.astype(np.float32), tone), 0, 255)
    return replace(patch, pixels=np.asarray(pixels, np.float32))


def _ring(patch: Patch, mask: Mask) -> Floats:
    """(96, 96): how much each of the patch's pixels belongs to the transition or lies by it."""
    seen = cv2.warpAffine(
        mask,
        patch.to_region.warp_matrix(),
        (SIDE, SIDE),
        flags=cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR,
    )
    near = cv2.dilate(seen, np.ones((2 * REACH + 1, 2 * REACH + 1), np.uint8))
    return np.asarray(near * (1 - seen), np.float32)


def _every_other(weights: Floats) -> slice:
    """From the first to the last that is not 0: a quarter of the pixels tells as much."""
    counted = np.flatnonzero(weights)
    return slice(counted[0], counted[-1] + 1, 2)


def _ycc(picture: Picture | Region) -> Floats:
    """(pixels, 3)"""
    turned = cv2.transform(picture.astype(np.float32), TO_YCC)
    return np.asarray(turned, np.float32).reshape(-1, 3)


def _tone(made: Floats, given: Floats, ring: Floats) -> NDArray[np.float64]:
    """(3, 4): the map of BGR that brings `made` to `given`."""
    apart = (given - made)[:, 0]
    usual = np.median(apart[ring > 0.3 * ring.max()])
    weights = ring * np.exp(-np.square((apart - usual) / LIKE))
    made_mean, made_spread = _spread(made, weights)
    given_mean, given_spread = _spread(given, weights)
    gain = np.sqrt((given_spread + FLAT) / (made_spread + FLAT)).clip(LEAST_GAIN, MOST_GAIN)
    shift = (given_mean - made_mean).clip(-FARTHEST, FARTHEST)
    trust = weights.sum() / (weights.sum() + FEW)
    gain, shift = 1 + trust * (gain - 1), trust * shift
    turn = FROM_YCC @ np.diag(gain) @ TO_YCC
    move = FROM_YCC @ (shift + (1 - gain) * made_mean)
    return np.column_stack([turn, move])


def _spread(pixels: Floats, weights: Floats) -> tuple[Means, Means]:
    """Mean and variance."""
    total = max(float(weights.sum()), 1e-6)
    mean = weights @ pixels / total
    return np.asarray(mean), np.asarray(weights @ np.square(pixels - mean) / total)
