"""Give the enlarged patch the face's fine texture back, where the generator changed little."""

import cv2
import numpy as np
from cv2.typing import MatLike

from base.geometry import Region
from blending.mix import to_three_channels
from blending.patch import SIDE, Floats, Patch

TOLERANCE = 16.0  # levels: a pixel that changed by this much keeps a third of the face's texture
NOISE = 2.0  # levels: half of a change of this size is suppressed as the generator's noise
REACH = 5  # patch pixels: a lip that moved must not leave its old edge beside it
SKIN_TOLERANCE = 45.0  # levels: as TOLERANCE, on smooth skin, where pores fit other skin as well
SKIN_GRADIENT = 14.0  # levels per patch pixel: a steeper gradient is an outline, not smooth skin


def restore_texture(patch: Patch, face: Region) -> Region:
    """Return the patch warped to `face`, with the fine texture of `face` where little changed.

    A patch that equals its source face returns `face` itself, to the bit.
    """
    source = patch.source.astype(np.float32)
    change = suppress_noise(patch.pixels - source)
    if not change.any():
        return face
    weights = _texture_weights(patch, face, source, change)
    # weights * (face + change) + (1 - weights) * (source + change), the 96x96 terms warped at once
    rest = patch.warp(change + (1 - to_three_channels(weights)) * source, face)
    result = to_three_channels(patch.warp(weights[:, :, None], face))
    result *= face
    result += rest
    return result


def unchanged_weights(change: Floats) -> Floats:
    """Return 1 where nothing changed nearby, and less the more changed; `change` is in levels."""
    return _falloff(_local_maximum(change), TOLERANCE)


def suppress_noise(change: Floats) -> Floats:
    """Shrink small changes: on skin that stays, the generator's noise would be all that moves."""
    square = np.square(change)
    square /= square + np.float32(NOISE**2)
    return np.asarray(change * square, np.float32)


def _texture_weights(patch: Patch, face: Region, source: Floats, change: Floats) -> Floats:
    """(96, 96): how much of the face's texture stays; computed only for what `face` shows."""
    visible = patch.visible_slices(face, margin=2 * REACH)
    changed = _local_maximum(change[visible])
    on_skin = _falloff(changed, SKIN_TOLERANCE) * _smoothness(source[visible], change[visible])
    weights = np.zeros((SIDE, SIDE), np.float32)
    weights[visible] = np.maximum(_falloff(changed, TOLERANCE), on_skin)
    return weights


def _smoothness(source: Floats, change: Floats) -> Floats:
    """1 where both the source and the patch are smooth skin, towards 0 at outlines."""
    outlines = cv2.max(_gradient(source), _gradient(source + change))
    return _falloff(_blur(cv2.dilate(outlines, np.ones((3, 3), np.uint8))), SKIN_GRADIENT)


def _local_maximum(change: Floats) -> Floats:
    """The largest absolute change of any channel around each pixel."""
    planes = cv2.split(np.abs(change))
    maximum = cv2.max(cv2.max(planes[0], planes[1]), planes[2])
    return _blur(cv2.dilate(maximum, np.ones((REACH, REACH), np.uint8)))


def _gradient(picture: Floats) -> Floats:
    """The magnitude of the brightness gradient, in levels per pixel."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    x = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    y = cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    return np.asarray(cv2.magnitude(x, y), np.float32)


def _blur(levels: MatLike) -> Floats:
    return np.asarray(cv2.GaussianBlur(levels, (0, 0), REACH / 3), np.float32)


def _falloff(levels: Floats, scale: float) -> Floats:
    """A Gaussian of the levels: 1 at 0, 1/e at `scale`."""
    return np.asarray(np.exp(-np.square(levels / np.float32(scale))), np.float32)
