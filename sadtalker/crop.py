"""The square around a head that the networks see, and how it comes back into the photo."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from base.geometry import Affine, Box, Landmarks, Mask, Picture, Point, Region
from video.square import cut_square, lay_back
from video.yuv import Frame

SMALLEST = 16.0  # pixels of a side, for landmarks that lie together
MASK_SIDE, FADE = 256, 36  # pixels of the mask, and over which it fades in along its border


@dataclass(frozen=True)
class HeadSquare:
    """An upright square around a head; it may reach over the photo's border."""

    box: Box

    def __post_init__(self) -> None:
        if not math.isclose(self.box.width, self.box.height, rel_tol=1e-6):
            raise ValueError(f"not a square: {self.box}")

    @classmethod
    def of(cls, landmarks: Landmarks) -> "HeadSquare":
        """The upright one around a square that is turned as the face is, about its eyes."""
        left, right, _, *mouth = landmarks.points()
        middle = (left + right) / 2
        (ex, ey), (dx, dy) = (right - left).tolist(), (sum(mouth) / 2 - middle).tolist()
        x, y = ex + dy, ey - dx  # across the face
        size = max(2 * math.hypot(ex, ey), 1.8 * math.hypot(dx, dy))
        side = 2 * size * (abs(x) + abs(y)) / max(math.hypot(x, y), 1e-6)
        cx, cy = middle.tolist()
        return cls.around((cx + 0.1 * dx, cy + 0.1 * dy), max(side, SMALLEST))

    @classmethod
    def around(cls, centre: Point, side: float) -> "HeadSquare":
        (x, y), half = centre, side / 2
        return cls(Box(y - half, y + half, x - half, x + half))

    def inside(self, width: int, height: int) -> "HeadSquare":
        """The same square moved into a picture of this size, or as much of it as there is room."""
        side = min(self.box.width, width, height)
        x, y = self.box.centre
        x = min(max(x, side / 2), width - side / 2)
        y = min(max(y, side / 2), height - side / 2)
        return HeadSquare.around((x, y), side)

    def to_square(self, side: int) -> Affine:
        """From the photo's pixels to those of the square, so many a side."""
        return Affine.square_to_box(side, self.box).inverse()

    def cut(self, photo: Frame, side: int) -> Picture:
        """The square as BGR of `side` pixels; the photo's border is repeated."""
        return cut_square(photo, self.to_square(side), side)

    def paste(self, photo: Frame, square: Region) -> Frame:
        """The photo with the square (BGR, 0..255) laid in, softly; outside it nothing changes."""
        return lay_back(photo, square, self.to_square(MASK_SIDE), soft_mask())


@lru_cache(maxsize=1)
def soft_mask() -> Mask:
    """(MASK_SIDE, MASK_SIDE): nothing at all along the border, 1 in the middle, no step between."""
    places = np.arange(MASK_SIDE) + 0.5
    inwards = (np.minimum(places, MASK_SIDE - places) / FADE).clip(0, 1)
    ramp = inwards**2 * (3 - 2 * inwards)
    mask = np.outer(ramp, ramp).astype(np.float32)
    mask.flags.writeable = False
    return mask
