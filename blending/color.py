"""Match the colours of a generated patch to those of its source face."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Mask, Picture, Region
from blending.mix import split
from blending.patch import Floats, Patch

BGR_TO_YCC = np.array(  # BT.601: brightness, then the two colour differences
    [[0.114, 0.587, 0.299], [0.5, -0.331264, -0.168736], [-0.081312, -0.418688, 0.5]], np.float64
)
FLOAT_BGR_TO_YCC = BGR_TO_YCC.astype(np.float32)
YCC_TO_BGR = np.linalg.inv(BGR_TO_YCC)
RING_WIDTH = 6  # patch pixels beyond the mask whose colours are compared, too
MAX_SHIFT = 16.0  # levels by which the mean of a channel may move
MIN_GAIN, MAX_GAIN = 0.8, 1.25  # limits of the change in contrast
SKIN_TOLERANCE = 6.0  # levels: pixels that differ from the ring's median by more are not only skin
FLAT_VARIANCE = 100.0  # squared levels: below this the contrast is mostly noise
HALF_TRUST = 3.0  # pixels of total weight at which half of the correction is applied

PerChannel = NDArray[np.float32]  # (n,)
Slices = tuple[slice, slice]  # rows and columns


def match_colors(patch: Patch, mask: Mask) -> Patch:
    """Return the patch with the mean and contrast that its source face has around the mouth.

    The two are compared in a ring: where the mask is below 1, and RING_WIDTH beyond it. Both are
    96x96, so the blur of the small size plays no part. Each frame is matched on its own: a match
    smoothed over time would leave a generator's flicker visible.
    """
    height, width = mask.shape
    near = patch.slices_in((width, height), RING_WIDTH + 1)
    ring = _ring_weights(patch, mask, near)
    # a quarter of the pixels measures the colours as well as all of them
    used = _every_second(ring)
    if used is None:
        return patch
    generated, source = (_to_ycc(p[near][used]) for p in (patch.pixels, patch.source))
    if (generated == source).all():
        return patch
    transform = _color_transform(generated, source, ring[used].ravel())
    pixels = cv2.transform(patch.pixels.astype(np.float32), transform)
    return replace(patch, pixels=np.asarray(np.clip(pixels, 0, 255, out=pixels), np.float32))


def _ring_weights(patch: Patch, mask: Mask, near: Slices) -> Floats:
    """How much each patch pixel near the mask belongs to its transition or lies beside it."""
    rows, columns = near
    to_region = Affine.shift(columns.start, rows.start).then(patch.to_region)
    patch_mask = cv2.warpAffine(
        mask,
        to_region.warp_matrix(),
        (columns.stop - columns.start, rows.stop - rows.start),
        flags=cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR,
    )
    kernel = np.ones((2 * RING_WIDTH + 1, 2 * RING_WIDTH + 1), np.uint8)
    return np.asarray(cv2.dilate(patch_mask, kernel) * (1 - patch_mask), np.float32)


def _every_second(weights: Floats) -> Slices | None:
    """Every second row and column of those that have weights above 0, if there are any."""
    left, top, width, height = cv2.boundingRect((weights > 0).view(np.uint8))
    return (slice(top, top + height, 2), slice(left, left + width, 2)) if width else None


def _to_ycc(picture: Picture | Region) -> Floats:
    """(height, width, 3) BGR -> (3, pixels) YCC"""
    return FLOAT_BGR_TO_YCC @ split(picture).reshape(3, -1)


def _color_transform(generated: Floats, source: Floats, ring: Floats) -> NDArray[np.float64]:
    """The (3, 4) map of BGR colours that brings `generated` to `source`, both (3, pixels) YCC."""
    difference = source[0] - generated[0]
    median = _median(difference[ring > 0.3 * ring.max()])
    weights = ring * np.exp(-np.square((difference - np.float32(median)) / SKIN_TOLERANCE))
    total = float(weights.sum())
    means, variances = _means_and_variances(np.concatenate([generated, source]), weights, total)
    gain = np.sqrt((variances[3:] + FLAT_VARIANCE) / (variances[:3] + FLAT_VARIANCE))
    gain = gain.clip(MIN_GAIN, MAX_GAIN)
    shift = (means[3:] - means[:3]).clip(-MAX_SHIFT, MAX_SHIFT)
    trust = total / (total + HALF_TRUST)
    gain, shift = 1 + trust * (gain - 1), trust * shift
    matrix = (YCC_TO_BGR * gain) @ BGR_TO_YCC
    offset = YCC_TO_BGR @ (shift + (1 - gain) * means[:3])
    return np.concatenate([matrix, offset[:, None]], 1)


def _median(values: Floats) -> float:
    """As np.median, which is slow for few values."""
    ordered = np.sort(values)
    return float(ordered[(len(values) - 1) // 2] + ordered[len(values) // 2]) / 2


def _means_and_variances(
    channels: Floats, weights: Floats, total: float
) -> tuple[PerChannel, PerChannel]:
    """Of (n, pixels) channels."""
    share = weights / np.float32(max(total, 1e-6))
    means = channels @ share
    return means, np.square(channels - means[:, None]) @ share
