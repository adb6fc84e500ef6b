"""How far a mouth is open, from the picture alone."""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Picture
from quality.view import SIDE, Points, Sight

# All lengths in pixels of a crop.
BETWEEN = (SIDE // 6, SIDE // 4)  # width and height of the middle of a mouth, wide open
AROUND = (SIDE * 3 // 8, SIDE * 11 // 24)  # of the skin, lips and chin whose light it is held to
BELOW = SIDE // 96  # a mouth opens downwards
DARKEST = 8.0  # levels: less light than this is none


def opening(crop: Picture, landmarks: Points) -> float:
    """The contrast between the lips, as a share of the face's light; it grows with the opening.

    Teeth and the dark behind them differ from lips, and lips that part move away from both.
    """
    light = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    x, y = landmarks[3:].mean(axis=0).tolist()
    centre = x - 0.5, y - 0.5 + BELOW
    between = cv2.getRectSubPix(light, BETWEEN, centre, patchType=cv2.CV_32F)
    around = cv2.getRectSubPix(light, AROUND, centre)
    return float(
        between.std(axis=0).mean() / max(float(np.median(np.asarray(around, np.uint8))), DARKEST)
    )


def opening_of(sight: Sight) -> float:
    """The same of a frame; NaN where it shows no face."""
    if sight.crop is None or sight.landmarks is None:
        return np.nan
    return opening(sight.crop, sight.landmarks)


def openings(sights: Iterable[Sight]) -> NDArray[np.float64]:
    """The opening in every frame; NaN where there is no face."""
    return np.fromiter(map(opening_of, sights), np.float64)
