"""How far a mouth is open: by its lips, or by the light between them where no lips are seen."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Picture
from quality.comparison import CROP_SIDE, ComparedFrame, Points
from quality.mouth_pair import opening

# All lengths in pixels of a crop.
MOUTH_SIZE = (CROP_SIDE // 6, CROP_SIDE // 4)  # width and height of a mouth's middle, wide open
FACE_SIZE = (CROP_SIDE * 3 // 8, CROP_SIDE * 11 // 24)  # of skin, lips and chin: the face's light
BELOW = CROP_SIDE // 96  # the measured part lies lower, since a mouth opens downwards
DARKEST = 8.0  # levels: a darker face counts as this light
WIDTHS = 2.5  # mouth widths of opening for a contrast of the face's light: 1.3 to 8, by the teeth
LEAST_LIPS = 0.5  # of the frames with a face: with lips in fewer the light decides

Floats = NDArray[np.float64]
SeenBy = Literal["lips", "light"]


@dataclass(frozen=True, eq=False)
class Openings:
    """The opening of the mouth in every frame, in mouth widths; NaN where it is not seen."""

    result: Floats
    source: Floats  # of the same frames; NaN where no lips are seen
    seen_by: SeenBy

    def __post_init__(self) -> None:
        if self.result.shape != self.source.shape:
            raise ValueError("openings of different frames")

    @property
    def lips_seen(self) -> float:
        """The share of the frames with a mouth in which the source's lips are seen."""
        return float((~np.isnan(self.source)).sum() / max((~np.isnan(self.result)).sum(), 1))


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


def opening_by_light(frame: ComparedFrame) -> float:
    """The mouth's opening by its contrast, about in mouth widths; NaN without a face."""
    if frame.crop is None or frame.landmarks is None:
        return np.nan
    return WIDTHS * mouth_opening(frame.crop, frame.landmarks)


def openings_by_lips(frame: ComparedFrame) -> tuple[float, float]:
    """Of the result and of the source; NaN where nobody saw the source's lips."""
    mouth = frame.mouth
    if mouth is None:
        return np.nan, np.nan
    return opening(mouth.lips, mouth.width), opening(mouth.source_lips, mouth.width)


def mouth_openings(frames: Iterable[ComparedFrame]) -> Openings:
    """The mouth's opening in every frame, by its lips where most of them are seen."""
    rows = [(opening_by_light(frame), *openings_by_lips(frame)) for frame in frames]
    light, lips, source = np.array(rows, np.float64).reshape(-1, 3).T
    faces, seen = (~np.isnan(light)).sum(), (~np.isnan(lips)).sum()
    by_lips = seen and seen >= LEAST_LIPS * faces
    return Openings(lips if by_lips else light, source, "lips" if by_lips else "light")
