"""Whether the source's mouth shines through the new one."""

import cv2
import numpy as np

from quality.pair import Bools, Floats, Pair

EVERY = 2  # frames
LIPS = 1.25  # halves of a mouth
EDGES = 70.0  # percentile of the source's slopes in the mouth: what is steeper is an edge
MOVED = 60.0  # percentile of the change at edges: where the new mouth is elsewhere
OPEN = 67.0  # percentile of the clip's frames, by how much their mouths changed
GONE = 10.0  # percentile of what is left of those edges: lips that part leave some of them behind
LEAST = 2.5  # levels that the mouth changes in some frame: less tells nothing


class DoubleMouth:
    """How much is left of the source's lips where the new ones are elsewhere: a share, 0 is good.

    Looked at in the third of the frames that changed most. Of the old edges there some are always
    gone or reversed; where even these still stand, only fainter, the old mouth shines through.
    """

    def __init__(self) -> None:
        self._seen: list[tuple[float, float]] = []  # change, share of the edges left

    def look(self, pair: Pair) -> None:
        if pair.index % EVERY:
            return
        lips = pair.reach < LIPS
        after, before = (slopes(light) for light in pair.lights)
        change = cv2.GaussianBlur(np.abs(pair.lights[0] - pair.lights[1]), (0, 0), 2.0)
        edges = strongest(np.hypot(*before), lips, EDGES)
        moved = edges & strongest(change, edges, MOVED)
        self._seen.append((float(change[lips].mean()), kept(after, before, moved)))

    def value(self) -> float | None:
        if not self._seen or max(self._seen)[0] < LEAST:
            return None
        change, left = np.array(self._seen).T
        return float(np.clip(left[change >= np.percentile(change, OPEN)].mean(), 0, 1))


def slopes(light: Floats) -> Floats:
    """(2, height, width): across and down."""
    soft = cv2.GaussianBlur(light, (0, 0), 1.0)
    ways = [cv2.Sobel(soft, cv2.CV_32F, *way) for way in ((1, 0), (0, 1))]
    return np.stack(ways).astype(np.float32)


def strongest(values: Floats, where: Bools, percentile: float) -> Bools:
    return np.asarray(where & (values >= np.percentile(values[where], percentile)))


def kept(after: Floats, before: Floats, where: Bools) -> float:
    """Of the source's slopes in the result, at the places where least is left."""
    both, own = (after * before).sum(axis=0)[where], np.square(before).sum(axis=0)[where]
    return float(np.percentile(both / np.maximum(own, 1.0), GONE))
