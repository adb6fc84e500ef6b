"""How crisp the new mouth is, and the face around it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from quality.pair import Floats, Pair

EVERY = 2  # frames
FINE = 1.5  # pixels of a crop: what is finer is contrast that a blur takes away
LIPS = 0.0, 1.35  # halves of a mouth
FACE = 2.0, 3.0


class FaceSharpness:
    """Fine contrast of the face around the mouth against the source's; 1 is all of it."""

    def __init__(self) -> None:
        self._sums = np.zeros((2, 2))

    def look(self, pair: Pair) -> None:
        if pair.index % EVERY == 0:
            self._sums += contrasts(pair)

    def value(self) -> float | None:
        return self._left()[1]

    def _left(self) -> tuple[float | None, float | None]:
        """Of the mouth's contrast and of the face's."""
        if not self._sums[:, 1].all():
            return None, None
        mouth, face = (self._sums[:, 0] / self._sums[:, 1]).tolist()
        return mouth, face


class MouthSharpness(FaceSharpness):
    """Fine contrast of the mouth against the source's, as far as the face around kept its own."""

    def value(self) -> float | None:
        mouth, face = self._left()
        return mouth / face if mouth is not None and face else None


def contrasts(pair: Pair) -> NDArray[np.float64]:
    """(2, 2): in the mouth and in the face around it, of the result and of the source."""
    fine = [np.abs(light - _soft(light)) for light in pair.lights]
    zones = pair.ring(*LIPS), pair.ring(*FACE, lowest=0.0)
    return np.array([[one[zone].mean() for one in fine] for zone in zones], np.float64)


def _soft(light: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(light, (0, 0), FINE), np.float32)
