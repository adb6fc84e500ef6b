"""The upright square around a head that the networks see, and how it comes back into the frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Box, Picture, Point, Region
from faces.smoothing import local_fit
from video.square import cut_square, lay_back, seamless_mask
from video.yuv import Frame

SIDE = 256  # pixels
BORDER, SPREAD = 19, 9.5  # pixels along the edge that stay the frame's, and over which it fades
GROWN = 1.2  # of the longer side of the boxes' union: what the networks were trained on
LEAST = 1.5  # of a face's size: of less, chin and forehead would lie in the fading border
MOST = 2.5  # in a square that is larger the face is small and coarse: then the square follows
FOLLOWING = 0.5  # seconds over which a square that follows is smoothed


@dataclass(frozen=True)
class HeadSquare:
    """An upright square in a frame's pixels; it may reach over the border."""

    centre: Point
    side: float

    def __post_init__(self) -> None:
        if not self.side > 0 or not np.isfinite((*self.centre, self.side)).all():
            raise ValueError(f"no square: {self}")

    @property
    def to_square(self) -> Affine:
        """From the frame's pixels to those that the networks see."""
        scale, half = SIDE / self.side, SIDE / 2
        x, y = self.centre
        return Affine(scale, 0, half - x * scale, 0, scale, half - y * scale)

    def cut(self, frame: Frame) -> Picture:
        return cut_square(frame, self.to_square, SIDE)

    def paste(self, frame: Frame, made: Region) -> Frame:
        """The frame with what was made laid in, softly; outside it nothing changes."""
        return lay_back(frame, made, self.to_square, seamless_mask(SIDE, BORDER, SPREAD))

    def moved_to(self, box: Box, target: Box) -> "HeadSquare":
        """The square that lies about the target as this one lies about the box."""
        factor = size_of(target) / size_of(box)
        (x, y), (left, top), (to_x, to_y) = self.centre, box.centre, target.centre
        return HeadSquare(
            (to_x + (x - left) * factor, to_y + (y - top) * factor), self.side * factor
        )


def size_of(box: Box) -> float:
    """The longer side."""
    return max(box.width, box.height)


def squares_around(boxes: NDArray[np.float64], rate: float) -> list[HeadSquare]:
    """A square for the box of each frame: one for all where the head stays about its place.

    `boxes` are (frames, 4): top, bottom, left, right.
    """
    top, bottom, left, right = boxes.T
    sizes = np.maximum(bottom - top, right - left)
    size = float(np.median(sizes))
    union = Box(float(top.min()), float(bottom.max()), float(left.min()), float(right.max()))
    side = max(GROWN * size_of(union), LEAST * size)
    if side <= MOST * size:
        return [HeadSquare(union.centre, side)] * len(boxes)
    rows = np.stack(((left + right) / 2, (top + bottom) / 2, LEAST * sizes), 1)
    followed = local_fit(rows, FOLLOWING * rate, degree=0).tolist()
    return [HeadSquare((x, y), side) for x, y, side in followed]
