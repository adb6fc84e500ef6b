"""Texture that a face loses at 96 pixels, given back where the generator left the face alone."""

import cv2
import numpy as np
from numpy.typing import NDArray

from blending.patch import Patch
from geometry import Region

TOLERANCE = 12.0  # levels: a pixel that changed by so much keeps a third of the old texture
REACH = 5  # patch pixels: a lip that moved must not leave its old edge beside it


def with_detail(patch: Patch, face: Region) -> Region:
    """The patch at its place, with the fine texture of `face` where both show the same.

    A patch that equals the face it was made from gives `face` itself, to the bit.
    """
    change = patch.pixels.astype(np.float32) - patch.source
    if not change.any():
        return face
    kept = patch.warped(_sameness(change), face)[:, :, None]
    fine = face - patch.warped(patch.source.astype(np.float32), face)
    return np.asarray(face + patch.warped(change, face) - (1 - kept) * fine, np.float32)


def _sameness(change: NDArray[np.float32]) -> NDArray[np.float32]:
    """(96, 96): 1 where nothing changed nearby, towards 0 with the change."""
    most = cv2.dilate(np.abs(change).max(axis=2), np.ones((REACH, REACH), np.uint8))
    near = cv2.GaussianBlur(most, (0, 0), REACH / 3)
    return np.asarray(np.exp(-np.square(near / np.float32(TOLERANCE))), np.float32)
