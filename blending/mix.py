"""One picture turning into another under a mask."""

import cv2
import numpy as np

from base.geometry import Mask, Region


def mixed(new: Region, old: Region, mask: Mask) -> Region:
    """As much of `new` as the mask says; where it is 0, `old` to the bit."""
    mixed = new - old
    mixed *= threefold(mask)
    mixed += old
    return mixed


def threefold(mask: Mask) -> Region:
    """The mask for each channel, since numpy spreads it slowly."""
    return np.asarray(cv2.merge([mask] * 3), np.float32)
