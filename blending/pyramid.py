"""Laplacian pyramid blending: coarse shades change over the whole mask, fine texture in a part."""

import cv2
import numpy as np

from base.geometry import Mask, Point, Region
from blending.mix import to_three_channels
from blending.resample import Floats

MIN_SIDE = 12  # pixels: smaller pictures are not halved again
OCTAVES = 4
GRID = 2 ** (OCTAVES - 1)  # pixels of the region that one pixel of the coarsest octave covers
STEEP_CENTRE = 0.7  # mask value that steepening keeps; below it fine texture is the face's
MAX_STEEPNESS = 2.0  # slope of the finest octave's transition, relative to the mask's


def laplacian_blend(new: Region, face: Region, mask: Mask, origin: Point = (0, 0)) -> Region:
    """Return `face` turning into `new`, octave by octave; only their difference is decomposed.

    The pyramid's grid is fixed to `origin`, so it does not tremble with the region's edges.
    """
    change = new - face
    left, top = (round(-offset) % GRID for offset in origin)
    padded_change, padded_mask = _pad(change, top, left), _pad(mask, top, left)
    octaves = _blend_octaves(padded_change, padded_mask, MAX_STEEPNESS)[top:, left:]
    plain = to_three_channels(mask) * change
    # coarse octaves reach beyond the transition: towards its ends the mask alone decides
    octave_share = to_three_channels(np.minimum(8 * mask * (1 - mask), 1))
    return face + plain + octave_share * (octaves - plain)


def _pad(picture: Floats, top: int, left: int) -> Floats:
    padded = cv2.copyMakeBorder(picture, top, 0, left, 0, cv2.BORDER_REPLICATE)
    return np.asarray(padded, np.float32)


def _blend_octaves(change: Region, mask: Mask, steepness: float) -> Region:
    """Mask the finest octave of the change with a steep ramp, the coarser ones ever more flatly."""
    if steepness <= 1 or min(mask.shape) < MIN_SIDE:
        return change * to_three_channels(mask)
    coarse = _halve(change)
    fine = change - _double(coarse, mask)
    flatter = steepness / MAX_STEEPNESS ** (1 / (OCTAVES - 1))
    blended = _blend_octaves(coarse, _halve(mask), flatter)
    return _double(blended, mask) + fine * to_three_channels(_steepen(mask, steepness))


def _halve(picture: Floats) -> Floats:
    return np.asarray(cv2.pyrDown(picture), np.float32)


def _double(picture: Floats, target: Mask) -> Floats:
    """Upsample to the size of `target`."""
    height, width = target.shape
    return np.asarray(cv2.pyrUp(picture, dstsize=(width, height)), np.float32)


def _steepen(mask: Mask, steepness: float) -> Mask:
    centre = np.float32(STEEP_CENTRE)
    ramp = np.clip((mask - centre) * np.float32(steepness) + centre, 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), np.float32)
