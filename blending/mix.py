"""Blend two pictures by a mask."""

import cv2
import numpy as np

from base.geometry import Mask, Region


def alpha_blend(new: Region, old: Region, mask: Mask) -> Region:
    """Return `new` where the mask is 1 and `old`, to the bit, where it is 0."""
    blended = new - old
    blended *= to_three_channels(mask)
    blended += old
    return blended


def to_three_channels(mask: Mask) -> Region:
    """Repeat the mask for every channel; faster than numpy's broadcasting."""
    return np.asarray(cv2.merge([mask] * 3), np.float32)
