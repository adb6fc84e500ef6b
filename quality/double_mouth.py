"""Whether the source's mouth shines through the new one."""

import cv2
import numpy as np

from quality.crop_pair import Bools, CropPair, Floats

FRAME_STEP = 2  # every second frame is measured
MOUTH_REACH = 1.25  # halves of a mouth
EDGE_PERCENTILE = 70.0  # of the source's slopes in the mouth: steeper ones are edges
MOVED_PERCENTILE = 60.0  # of the change at edges: more change means that the new lips are elsewhere
FRAME_PERCENTILE = 67.0  # of the clip's frames, by how much their mouths changed
# Of the remaining edges: lips that part leave some of them where they were
REMAINING_PERCENTILE = 10.0
LEAST_CHANGE = 2.5  # levels: where no frame's mouth changes more, nothing can be told


class DoubleMouth:
    """The share of the source's lips that is left where the new ones are elsewhere; 0 is good.

    The third of the frames that changed most is measured. Some of the old edges there are always
    gone or reversed; where even these remain, only fainter, the old mouth shines through.
    """

    def __init__(self) -> None:
        self._frames: list[tuple[float, float]] = []  # change, share of the edges that remains

    def add(self, pair: CropPair) -> None:
        if pair.index % FRAME_STEP:
            return
        lips = pair.mouth_distance < MOUTH_REACH
        result, source = pair.luminances
        result_slopes, source_slopes = slopes(result), slopes(source)
        change = cv2.GaussianBlur(np.abs(result - source), (0, 0), 2.0)
        edges = strongest(np.hypot(*source_slopes), lips, EDGE_PERCENTILE)
        moved = edges & strongest(change, edges, MOVED_PERCENTILE)
        remaining = remaining_share(result_slopes, source_slopes, moved)
        self._frames.append((float(change[lips].mean()), remaining))

    def value(self) -> float | None:
        if not self._frames or max(self._frames)[0] < LEAST_CHANGE:
            return None
        change, remaining = np.array(self._frames).T
        most_changed = change >= np.percentile(change, FRAME_PERCENTILE)
        return float(np.clip(remaining[most_changed].mean(), 0, 1))


def slopes(luminance: Floats) -> Floats:
    """(2, height, width): the slopes across and down."""
    soft = cv2.GaussianBlur(luminance, (0, 0), 1.0)
    directions = (1, 0), (0, 1)
    return np.stack([cv2.Sobel(soft, cv2.CV_32F, *step) for step in directions]).astype(np.float32)


def strongest(values: Floats, where: Bools, percentile: float) -> Bools:
    """The pixels of `where` whose values reach this percentile of them."""
    return np.asarray(where & (values >= np.percentile(values[where], percentile)))


def remaining_share(result_slopes: Floats, source_slopes: Floats, where: Bools) -> float:
    """The share of the source's slopes that is in the result, where least of them is left."""
    common = (result_slopes * source_slopes).sum(axis=0)[where]
    source = np.square(source_slopes).sum(axis=0)[where]
    return float(np.percentile(common / np.maximum(source, 1.0), REMAINING_PERCENTILE))
