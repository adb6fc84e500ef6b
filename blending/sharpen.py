"""A soft mouth made crisp, without halos."""

import cv2
import numpy as np

from geometry import Region

HALO = 12.0  # levels that a pixel may move at most beyond its neighbourhood


def sharpened(region: Region, amount: float, face_width: float) -> Region:
    """Unsharp mask whose radius grows with the face: the patch was enlarged from 96 pixels."""
    sigma = max(0.6, face_width / 96 * 0.8)
    soft = cv2.GaussianBlur(region, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    detail = np.clip((region - soft) * np.float32(amount), -HALO, HALO)
    return np.asarray(np.clip(region + detail, 0, 255), np.float32)
