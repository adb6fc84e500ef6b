"""How crisp the new mouth is, and the face around it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from quality.crop_pair import CropPair, Floats

FRAME_STEP = 2  # every second frame is measured
DETAIL_SIGMA = 1.5  # pixels of a crop: finer contrast is what a blur takes away
MOUTH_RING = 0.0, 1.35  # halves of a mouth
FACE_RING = 2.0, 3.0


class FaceSharpness:
    """Fine contrast of the face around the mouth against the source's; 1 is all of it."""

    def __init__(self) -> None:
        self._sums = np.zeros((2, 2))

    def add(self, pair: CropPair) -> None:
        if pair.index % FRAME_STEP == 0:
            self._sums += fine_contrasts(pair)

    def value(self) -> float | None:
        return self._shares()[1]

    def _shares(self) -> tuple[float | None, float | None]:
        """The result's share of the source's contrast, in the mouth and in the face."""
        if not self._sums[:, 1].all():
            return None, None
        mouth, face = (self._sums[:, 0] / self._sums[:, 1]).tolist()
        return mouth, face


class MouthSharpness(FaceSharpness):
    """Fine contrast of the mouth against the source's, relative to that of the face around it."""

    def value(self) -> float | None:
        mouth, face = self._shares()
        return mouth / face if mouth is not None and face else None


def fine_contrasts(pair: CropPair) -> NDArray[np.float64]:
    """(2, 2): rows are the mouth and the face around it; columns the result and the source."""
    details = [np.abs(luminance - _blurred(luminance)) for luminance in pair.luminances]
    zones = pair.ring(*MOUTH_RING), pair.ring(*FACE_RING, lowest=0.0)
    return np.array([[detail[zone].mean() for detail in details] for zone in zones], np.float64)


def _blurred(luminance: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(luminance, (0, 0), DETAIL_SIGMA), np.float32)
