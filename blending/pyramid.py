"""Laplacian pyramid blending: coarse shades pass over slowly, fine texture at once."""

import cv2
import numpy as np

from base.geometry import Mask, Point, Region
from blending.mix import threefold
from blending.resample import Floats

LEAST_SIDE = 12  # pixels: smaller pictures are not halved again
OCTAVES = 4
GRID = 2 ** (OCTAVES - 1)  # pixels of one in the coarsest octave
BELONGS = 0.7  # of the mask: so far in, fine texture is still the face's
STEEPEST = 2.0  # times: the transition of the finest texture against the mask's


def passed_over(new: Region, face: Region, mask: Mask, origin: Point = (0, 0)) -> Region:
    """`face` turning into `new`, octave by octave; only their difference goes through a pyramid.

    The pyramid's grid holds to `origin`, so that it does not tremble with the region's edges.
    """
    change = new - face
    left, top = (round(-at) % GRID for at in origin)
    blended = _blended(_padded(change, top, left), _padded(mask, top, left), STEEPEST)[top:, left:]
    alone = threefold(mask) * change
    # coarse octaves reach beyond the transition: towards its ends the mask alone decides
    free = threefold(np.minimum(8 * mask * (1 - mask), 1))
    return face + alone + free * (blended - alone)


def _padded(picture: Floats, top: int, left: int) -> Floats:
    padded = cv2.copyMakeBorder(picture, top, 0, left, 0, cv2.BORDER_REPLICATE)
    return np.asarray(padded, np.float32)


def _blended(change: Region, mask: Mask, steep: float) -> Region:
    """The change's finest octave under a steep mask, the coarser ones under ever flatter ones."""
    if steep <= 1 or min(mask.shape) < LEAST_SIDE:
        return change * threefold(mask)
    coarse = _halved(change)
    fine = change - _doubled(coarse, mask)
    below = _blended(coarse, _halved(mask), steep / STEEPEST ** (1 / (OCTAVES - 1)))
    return _doubled(below, mask) + fine * threefold(_steeper(mask, steep))


def _halved(picture: Floats) -> Floats:
    return np.asarray(cv2.pyrDown(picture), np.float32)


def _doubled(picture: Floats, like: Mask) -> Floats:
    height, width = like.shape
    return np.asarray(cv2.pyrUp(picture, dstsize=(width, height)), np.float32)


def _steeper(mask: Mask, times: float) -> Mask:
    ramp = np.clip((mask - np.float32(BELONGS)) * np.float32(times) + np.float32(BELONGS), 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), np.float32)
