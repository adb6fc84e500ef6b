"""Many boxes at once, as rows of left, top, right, bottom."""

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]  # (n, 4)
Scores = NDArray[np.float32]  # (n,)
Offsets = NDArray[np.float32]  # (n, 4), in parts of the box


def moved(boxes: Boxes, offsets: Offsets) -> Boxes:
    """Every edge moved by its offset."""
    sizes = boxes[:, 2:] - boxes[:, :2]
    return np.asarray(boxes + offsets * np.concatenate([sizes, sizes], 1))


def inside(boxes: Boxes, width: int, height: int) -> Boxes:
    """Those whose centre lies in the picture."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    return boxes[((centres > 0) & (centres < (width, height))).all(1)]


def distinct(
    boxes: Boxes, scores: Scores, limits: float | NDArray[np.float64], smaller: bool = False
) -> NDArray[np.intp]:
    """Which boxes overlap no better one by more than `limits`, best first."""
    order = np.argsort(-scores, kind="stable")
    doubles = (overlaps(boxes, smaller) > limits)[np.ix_(order, order)]
    stays = np.ones(len(order), np.bool_)
    for index in range(len(order)):
        if stays[index]:
            stays[index + 1 :] &= ~doubles[index, index + 1 :]
    return order[stays]


def overlaps(boxes: Boxes, smaller: bool = False) -> NDArray[np.float64]:
    """The area that every two share, as part of their union or of the smaller of them."""
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.maximum(high - low, 0.0).prod(2)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    either = np.minimum(area[:, None], area) if smaller else area[:, None] + area - shared
    return np.asarray(shared / np.maximum(either, 1e-9), np.float64)
