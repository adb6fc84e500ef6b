"""Match the colours of a generated patch to those of its source face."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Mask, Picture, Region
from blending.patch import SIDE, Floats, Patch

BGR_TO_YCC = np.array(  # BT.601: brightness, then the two colour differences
    [[0.114, 0.587, 0.299], [0.5, -0.331264, -0.168736], [-0.081312, -0.418688, 0.5]], np.float64
)
YCC_TO_BGR = np.linalg.inv(BGR_TO_YCC)
RING_WIDTH = 6  # patch pixels beyond the mask whose colours are compared, too
MAX_SHIFT = 16.0  # levels by which the mean of a channel may move
MIN_GAIN, MAX_GAIN = 0.8, 1.25  # limits of the change in contrast
SKIN_TOLERANCE = 6.0  # levels: pixels that differ from the ring's median by more are not only skin
FLAT_VARIANCE = 100.0  # squared levels: below this the contrast is mostly noise
HALF_TRUST = 3.0  # pixels of total weight at which half of the correction is applied

PerChannel = NDArray[np.float64]  # (3,)


def match_colors(patch: Patch, mask: Mask) -> Patch:
    """Return the patch with the mean and contrast that its source face has around the mouth.

    The two are compared in a ring: where the mask is below 1, and RING_WIDTH beyond it. Both are
    96x96, so the blur of the small size plays no part. Each frame is matched on its own: a match
    smoothed over time would leave a generator's flicker visible.
    """
    ring = _ring_weights(patch, mask)
    if not ring.any():
        return patch
    rows, columns = _every_second(ring.max(axis=1)), _every_second(ring.max(axis=0))
    generated, source = (_to_ycc(p[rows, columns]) for p in (patch.pixels, patch.source))
    if np.array_equal(generated, source):
        return patch
    transform = _color_transform(generated, source, ring[rows, columns].ravel())
    pixels = np.clip(cv2.transform(patch.pixels.astype(np.float32), transform), 0, 255)
    return replace(patch, pixels=np.asarray(pixels, np.float32))


def _ring_weights(patch: Patch, mask: Mask) -> Floats:
    """(96, 96): how much each patch pixel belongs to the mask's transition or lies near it."""
    patch_mask = cv2.warpAffine(
        mask,
        patch.to_region.warp_matrix(),
        (SIDE, SIDE),
        flags=cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR,
    )
    kernel = np.ones((2 * RING_WIDTH + 1, 2 * RING_WIDTH + 1), np.uint8)
    return np.asarray(cv2.dilate(patch_mask, kernel) * (1 - patch_mask), np.float32)


def _every_second(weights: Floats) -> slice:
    """Every second index from the first weight above 0 to the last.

    A quarter of the pixels measures the colours as well as all of them.
    """
    indices = np.flatnonzero(weights)
    return slice(indices[0], indices[-1] + 1, 2)


def _to_ycc(picture: Picture | Region) -> Floats:
    """(height, width, 3) BGR -> (pixels, 3) YCC"""
    converted = cv2.transform(picture.astype(np.float32), BGR_TO_YCC)
    return np.asarray(converted, np.float32).reshape(-1, 3)


def _color_transform(generated: Floats, source: Floats, ring: Floats) -> NDArray[np.float64]:
    """The (3, 4) map of BGR colours that brings `generated` to `source`, both (pixels, 3) YCC."""
    difference = (source - generated)[:, 0]
    median = np.median(difference[ring > 0.3 * ring.max()])
    weights = ring * np.exp(-np.square((difference - median) / SKIN_TOLERANCE))
    generated_mean, generated_variance = _mean_and_variance(generated, weights)
    source_mean, source_variance = _mean_and_variance(source, weights)
    gain = np.sqrt((source_variance + FLAT_VARIANCE) / (generated_variance + FLAT_VARIANCE))
    gain = gain.clip(MIN_GAIN, MAX_GAIN)
    shift = (source_mean - generated_mean).clip(-MAX_SHIFT, MAX_SHIFT)
    trust = weights.sum() / (weights.sum() + HALF_TRUST)
    gain, shift = 1 + trust * (gain - 1), trust * shift
    matrix = YCC_TO_BGR @ np.diag(gain) @ BGR_TO_YCC
    offset = YCC_TO_BGR @ (shift + (1 - gain) * generated_mean)
    return np.column_stack([matrix, offset])


def _mean_and_variance(pixels: Floats, weights: Floats) -> tuple[PerChannel, PerChannel]:
    total = max(float(weights.sum()), 1e-6)
    mean = weights @ pixels / total
    return np.asarray(mean), np.asarray(weights @ np.square(pixels - mean) / total)
