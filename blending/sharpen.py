"""Unsharp masking without halos."""

import cv2
import numpy as np

from base.geometry import Region
from blending.patch import SIDE

HALO = 4.0  # levels by which a pixel may leave the range of its neighbours


def sharpen(region: Region, amount: float, face_width: float) -> Region:
    """Apply an unsharp mask; its radius grows with `face_width`, as the patch was enlarged."""
    sigma = max(0.6, face_width / SIDE * 0.8)
    blurred = cv2.GaussianBlur(region, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    crisp = np.asarray(region + np.float32(amount) * (region - blurred), np.float32)
    return _limit_halos(crisp, region, max(1, round(face_width / SIDE)))


def _limit_halos(crisp: Region, region: Region, radius: int) -> Region:
    """Clip `crisp` to the range of `region` within `radius` pixels, widened by HALO."""
    kernel = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    darkest = np.maximum(cv2.erode(region, kernel) - HALO, 0)
    lightest = np.minimum(cv2.dilate(region, kernel) + HALO, 255)
    return np.asarray(np.clip(crisp, darkest, lightest), np.float32)
