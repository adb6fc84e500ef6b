"""How far a mouth is open, from the picture alone."""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Picture
from quality.comparison import CROP_SIDE, ComparedFrame, Points

# All lengths in pixels of a crop.
MOUTH_SIZE = (CROP_SIDE // 6, CROP_SIDE // 4)  # width and height of a mouth's middle, wide open
FACE_SIZE = (CROP_SIDE * 3 // 8, CROP_SIDE * 11 // 24)  # of skin, lips and chin: the face's light
BELOW = CROP_SIDE // 96  # the measured part lies lower, since a mouth opens downwards
DARKEST = 8.0  # levels: a darker face counts as this light


def mouth_opening(crop: Picture, landmarks: Points) -> float:
    """The contrast between the lips, as a share of the face's light; it grows with the opening.

    Teeth and the dark behind them differ from lips, and lips that part move away from both.
    """
    luminance = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    x, y = landmarks[3:].mean(axis=0).tolist()
    centre = x - 0.5, y - 0.5 + BELOW
    mouth = cv2.getRectSubPix(luminance, MOUTH_SIZE, centre, patchType=cv2.CV_32F)
    face = np.asarray(cv2.getRectSubPix(luminance, FACE_SIZE, centre), np.uint8)
    return float(mouth.std(axis=0).mean() / max(float(np.median(face)), DARKEST))


def opening_in(frame: ComparedFrame) -> float:
    """The mouth's opening in a frame of the result; NaN where it shows no face."""
    if frame.crop is None or frame.landmarks is None:
        return np.nan
    return mouth_opening(frame.crop, frame.landmarks)


def mouth_openings(frames: Iterable[ComparedFrame]) -> NDArray[np.float64]:
    """The mouth's opening in every frame; NaN where there is no face."""
    return np.fromiter(map(opening_in, frames), np.float64)
