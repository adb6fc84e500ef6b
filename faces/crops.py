"""Square cut-outs of a picture, reduced to the side that a network takes."""

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Picture
from faces.boxes import Boxes

Crops = NDArray[np.uint8]  # (n, side, side, 3) BGR
GREY = (127, 127, 127)  # beyond the border: nothing to see, the networks' zero


def squares(boxes: Boxes, side: int) -> Boxes:
    """Around each box, on whole pixels of the halved picture that `cut` takes it from."""
    lengths = np.maximum((boxes[:, 2:] - boxes[:, :2]).max(1, keepdims=True), 1.0)
    pixel = np.exp2(_halvings(lengths, side))
    lengths = np.rint(lengths / pixel) * pixel
    corners = np.rint(((boxes[:, :2] + boxes[:, 2:]) - lengths) / 2 / pixel) * pixel
    return np.concatenate([corners, corners + lengths], 1)


def cut(picture: Picture, places: Boxes, side: int) -> Crops:
    """The squares, each from the picture halved as often as leaves at least `side` pixels."""
    halvings = _halvings(places[:, 2] - places[:, 0], side)
    halved = [picture]
    for _ in range(int(halvings.max(initial=0))):
        halved.append(_half(halved[-1]))
    rounded = np.rint(places / np.exp2(halvings)[:, None]).astype(int).tolist()
    crops = [
        _cut(halved[int(times)], place, side)
        for times, place in zip(halvings, rounded, strict=True)
    ]
    return np.stack(crops)


def _halvings(lengths: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    return np.asarray(np.maximum(np.floor(np.log2(lengths / side)), 0.0))


def _half(picture: Picture) -> Picture:
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    even = picture[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _cut(picture: Picture, place: list[int], side: int) -> NDArray[np.uint8]:
    left, top, right, bottom = place
    height, width = picture.shape[:2]
    part = picture[max(top, 0) : bottom, max(left, 0) : right]
    beyond = max(-top, 0), max(bottom - height, 0), max(-left, 0), max(right - width, 0)
    if any(beyond):
        part = cv2.copyMakeBorder(part, *beyond, cv2.BORDER_CONSTANT, value=GREY)  # type: ignore[assignment]
    return np.asarray(cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
