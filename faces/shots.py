"""Shot detection: find the cuts of a clip."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from faces.view import View

THUMBNAIL = 32  # pixels
# Least mean difference at a cut, in levels: fast motion in one shot reaches 9, other scenes start
# at 40.
MIN_CHANGE = 15.0
MIN_RATIO = 3.0  # of a cut's change to the recent change: a fast pan is no series of cuts
DECAY = 0.8  # of the recent change, from one picture to the next


def detect_shots(views: Iterable[View]) -> Iterator[tuple[View, bool]]:
    """Yield each view, and whether a shot starts with its picture."""
    previous: NDArray[np.float32] | None = None
    recent_change = 0.0
    for view in views:
        thumbnail = view.thumbnail(THUMBNAIL).astype(np.float32)
        change = np.inf if previous is None else float(np.abs(thumbnail - previous).mean())
        starts_shot = change > max(MIN_CHANGE, MIN_RATIO * recent_change)
        yield view, starts_shot
        recent_change = max(DECAY * recent_change, 0.0 if starts_shot else change)
        previous = thumbnail
