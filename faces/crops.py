"""Square crops of a picture, scaled to the input size of a network."""

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Picture
from faces.boxes import Boxes

Crops = NDArray[np.uint8]  # (n, side, side, 3) BGR
GREY = (127, 127, 127)  # beyond the picture's border: the networks' zero


def squares_around(boxes: Boxes, side: int) -> Boxes:
    """Return the square around each box, its corners on pixels of the halved picture.

    `cut_crops` takes a large square from a picture that was halved several times.
    """
    lengths = np.maximum((boxes[:, 2:] - boxes[:, :2]).max(1, keepdims=True), 1.0)
    pixel = np.exp2(_halvings(lengths, side))
    lengths = np.rint(lengths / pixel) * pixel
    corners = np.rint(((boxes[:, :2] + boxes[:, 2:]) - lengths) / 2 / pixel) * pixel
    return np.concatenate([corners, corners + lengths], 1)


def cut_crops(picture: Picture, squares: Boxes, side: int) -> Crops:
    """Cut the squares out and scale them to `side` pixels.

    Each is cut from the picture halved as often as leaves at least `side` pixels.
    """
    halvings = _halvings(squares[:, 2] - squares[:, 0], side)
    pictures = [picture]
    for _ in range(int(halvings.max(initial=0))):
        pictures.append(_halve(pictures[-1]))
    edges = np.rint(squares / np.exp2(halvings)[:, None]).astype(int).tolist()
    crops = [
        _cut_crop(pictures[int(times)], square, side)
        for times, square in zip(halvings, edges, strict=True)
    ]
    return np.stack(crops)


def _halvings(lengths: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    return np.asarray(np.maximum(np.floor(np.log2(lengths / side)), 0.0))


def _halve(picture: Picture) -> Picture:
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    even = picture[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _cut_crop(picture: Picture, square: list[int], side: int) -> NDArray[np.uint8]:
    left, top, right, bottom = square
    height, width = picture.shape[:2]
    crop = picture[max(top, 0) : bottom, max(left, 0) : right]
    border = max(-top, 0), max(bottom - height, 0), max(-left, 0), max(right - width, 0)
    if any(border):
        crop = cv2.copyMakeBorder(crop, *border, cv2.BORDER_CONSTANT, value=GREY)  # type: ignore[assignment]
    return np.asarray(cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
