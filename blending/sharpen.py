"""Unsharp masking without halos."""

from collections.abc import Sequence

import cv2
import numpy as np

from base.geometry import Mask, Region
from base.planes import PlanePart
from blending.patch import SIDE
from blending.resample import Floats

HALO = 4.0  # levels by which a pixel may leave the range of its neighbours


def sharpen(region: Region, amount: float, face_width: float) -> Region:
    """Apply an unsharp mask; its radius grows with `face_width`, as the patch was enlarged."""
    crisp = _unsharp(region, amount, face_width, (1, 1))
    return _limit_halos(crisp, region, face_width, HALO).clip(0, 255)


def sharpen_change(
    part: PlanePart, changes: Sequence[Floats], mask: Mask, amount: float, face_width: float
) -> None:
    """Sharpen the part's planes as they will be after the changes, by the mask."""
    weights = part.cell_means(mask)
    for samples, change in zip(part.samples, changes, strict=True):
        values = np.asarray(cv2.add(samples, change, dtype=cv2.CV_32F), np.float32)
        crisp = _unsharp(values, amount, face_width, part.cell)
        if part.is_luma:  # colours have no bright and dark seams
            crisp = _limit_halos(crisp, values, face_width, HALO * part.from_bgr[0, :3].sum())
        cv2.accumulateProduct(cv2.subtract(crisp, values), weights, change)


def _unsharp(picture: Floats, amount: float, face_width: float, cell: tuple[int, int]) -> Floats:
    """Each sample of the picture is a cell of a face that is so many pixels wide."""
    sigma_x, sigma_y = (max(0.6, face_width / SIDE * 0.8) / side for side in cell)
    border = cv2.BORDER_REPLICATE
    blurred = cv2.GaussianBlur(picture, (0, 0), sigma_x, sigmaY=sigma_y, borderType=border)
    return np.asarray(cv2.addWeighted(picture, 1 + amount, blurred, -amount, 0), np.float32)


def _limit_halos(crisp: Floats, picture: Floats, face_width: float, halo: float) -> Floats:
    """Clip `crisp` to the range of `picture` around each pixel, widened by `halo`."""
    radius = max(1, round(face_width / SIDE))
    kernel = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    darkest = cv2.erode(picture, kernel) - np.float32(halo)
    lightest = cv2.dilate(picture, kernel) + np.float32(halo)
    return np.asarray(cv2.min(cv2.max(crisp, darkest), lightest), np.float32)
