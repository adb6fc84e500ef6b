"""Give the enlarged patch the face's fine texture back, where the generator changed little."""

import cv2
import numpy as np
from cv2.typing import MatLike

from base.geometry import Affine, Region
from blending.mix import Mix, split
from blending.patch import Floats, Patch

TOLERANCE = 16.0  # levels: a pixel that changed by this much keeps a third of the face's texture
NOISE = 2.0  # levels: half of a change of this size is suppressed as the generator's noise
BRIGHTNESS = np.array([0.114, 0.587, 0.299], np.float32)  # of blue, green and red
REACH = 5  # patch pixels: a lip that moved must not leave its old edge beside it
SKIN_TOLERANCE = 45.0  # levels: as TOLERANCE, on smooth skin, where pores fit other skin as well
SKIN_GRADIENT = 14.0  # levels per patch pixel: a steeper gradient is an outline, not smooth skin


def restore_texture(patch: Patch, face: Region) -> Region:
    """Return the patch warped to `face`, with the fine texture of `face` where little changed.

    A patch that equals its source face returns `face` itself, to the bit.
    """
    height, width = face.shape[:2]
    mix = texture_mix(patch, (width, height))
    return face if mix is None else mix.apply(face)


def texture_mix(patch: Patch, size: tuple[int, int]) -> Mix | None:
    """How the patch takes the face's place in a region of (width, height).

    The face keeps its fine texture where little changed; None if nothing did.
    """
    visible = patch.slices_in(size, margin=2 * REACH)
    source = split(patch.source[visible])
    change = suppress_noise(split(patch.pixels[visible]) - source)
    if not change.any():
        return None
    lost = 1 - _texture_weights(source, change)
    rows, columns = visible
    to_region = Affine.shift(columns.start, rows.start).then(patch.to_region)
    # kept * (face + change) + lost * (source + change)
    return Mix(lost, lost * source + change, to_region)


def unchanged_weights(change: Region) -> Floats:
    """Return 1 where nothing changed nearby, and less the more changed; `change` is in levels."""
    return np.asarray(np.exp(-_relative_square(_local_maximum(split(change)), TOLERANCE)))


def suppress_noise(change: Floats) -> Floats:
    """Shrink small changes: on skin that stays, the generator's noise would be all that moves."""
    square = np.square(change)
    square /= square + np.float32(NOISE**2)
    return np.asarray(change * square, np.float32)


def _texture_weights(source: Floats, change: Floats) -> Floats:
    """How much of the face's texture stays at each pixel of the patch."""
    changed, outlines = _local_maximum(change), _outlines(source, change)
    on_skin = _relative_square(changed, SKIN_TOLERANCE)
    on_skin += _relative_square(outlines, SKIN_GRADIENT)
    return np.asarray(np.exp(-np.minimum(_relative_square(changed, TOLERANCE), on_skin)))


def _relative_square(levels: Floats, scale: float) -> Floats:
    """The exponent of a Gaussian: 0 at 0, 1 at `scale`."""
    return np.asarray(np.square(levels * np.float32(1 / scale)), np.float32)


def _outlines(source: Floats, change: Floats) -> Floats:
    """The steepest gradient of the source and of the patch near each pixel: low on smooth skin."""
    outlines = cv2.max(_gradient(source), _gradient(source + change))
    return _blur(cv2.dilate(outlines, np.ones((3, 3), np.uint8)))


def _local_maximum(change: Floats) -> Floats:
    """The largest absolute change of any channel around each pixel."""
    maximum = np.abs(change).max(axis=0)
    return _blur(cv2.dilate(maximum, np.ones((REACH, REACH), np.uint8)))


def _gradient(planes: Floats) -> Floats:
    """The magnitude of the brightness gradient, in levels per pixel."""
    grey = (BRIGHTNESS @ planes.reshape(3, -1)).reshape(planes.shape[1:])
    x = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    y = cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    return np.asarray(cv2.magnitude(x, y), np.float32)


def _blur(levels: MatLike) -> Floats:
    return np.asarray(cv2.GaussianBlur(levels, (0, 0), REACH / 3), np.float32)
