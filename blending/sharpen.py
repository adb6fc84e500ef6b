"""A soft mouth made crisp, without halos."""

import cv2
import numpy as np

from base.geometry import Region
from blending.patch import SIDE

HALO = 4.0  # levels by which a pixel may leave the range of its neighbours


def sharpened(region: Region, amount: float, face_width: float) -> Region:
    """Unsharp mask whose radius grows with the face: the patch was enlarged from 96 pixels."""
    sigma = max(0.6, face_width / SIDE * 0.8)
    soft = cv2.GaussianBlur(region, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    crisp = np.asarray(region + np.float32(amount) * (region - soft), np.float32)
    return _without_halos(crisp, region, max(1, round(face_width / SIDE)))


def _without_halos(crisp: Region, region: Region, reach: int) -> Region:
    """No darker than the darkest and no lighter than the lightest nearby, but for HALO."""
    near = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    darkest = np.maximum(cv2.erode(region, near) - HALO, 0)
    lightest = np.minimum(cv2.dilate(region, near) + HALO, 255)
    return np.asarray(np.clip(crisp, darkest, lightest), np.float32)
