"""Where a clip is cut."""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Picture

THUMBNAIL = 32  # pixels
CHANGE = (
    15.0  # mean difference, of 255; fast motion in one shot reaches 9, other scenes start at 40
)
STANDS_OUT = 3.0  # times the usual change: a camera that is swung round is no row of cuts
MEMORY = 0.8  # how much of the usual change is still usual one picture later


def shots(pictures: Iterable[Picture]) -> Iterator[tuple[Picture, bool]]:
    """Each picture, and whether a shot begins with it."""
    before: NDArray[np.float32] | None = None
    usual = 0.0
    for picture in pictures:
        now = _thumbnail(picture)
        change = np.inf if before is None else float(np.abs(now - before).mean())
        begins = change > max(CHANGE, STANDS_OUT * usual)
        yield picture, begins
        usual = max(MEMORY * usual, 0.0 if begins else change)
        before = now


def _thumbnail(picture: Picture) -> NDArray[np.float32]:
    size = (THUMBNAIL, THUMBNAIL)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
