"""Arrays of boxes, as rows of left, top, right, bottom."""

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]  # (n, 4)
Scores = NDArray[np.float32]  # (n,)
Offsets = NDArray[np.float32]  # (n, 4), relative to the box's width and height


def apply_offsets(boxes: Boxes, offsets: Offsets) -> Boxes:
    """Return the boxes with every edge moved by its offset."""
    sizes = boxes[:, 2:] - boxes[:, :2]
    return np.asarray(boxes + offsets * np.concatenate([sizes, sizes], 1))


def centred_inside(boxes: Boxes, width: int, height: int) -> Boxes:
    """Return the boxes whose centre lies in a picture of this size."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    return boxes[((centres > 0) & (centres < (width, height))).all(1)]


def non_max_suppression(
    boxes: Boxes, scores: Scores, limits: float | NDArray[np.float64], of_smaller: bool = False
) -> NDArray[np.intp]:
    """Return the indices of boxes that overlap no better one by more than `limits`, best first.

    `limits` is one number or an (n, n) matrix. See `pairwise_overlaps` for `of_smaller`.
    """
    order = np.argsort(-scores, kind="stable")
    overlapping = (pairwise_overlaps(boxes, of_smaller) > limits)[np.ix_(order, order)]
    selected = np.ones(len(order), np.bool_)
    for index in range(len(order)):
        if selected[index]:
            selected[index + 1 :] &= ~overlapping[index, index + 1 :]
    return order[selected]


def pairwise_overlaps(boxes: Boxes, of_smaller: bool = False) -> NDArray[np.float64]:
    """(n, n): the shared area of every two boxes, relative to their union.

    With `of_smaller` it is relative to the smaller box.
    """
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.maximum(high - low, 0.0).prod(2)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    total = np.minimum(area[:, None], area) if of_smaller else area[:, None] + area - shared
    return np.asarray(shared / np.maximum(total, 1e-9), np.float64)
