"""The square around a face that the networks see, and how it comes back into the frame."""

from dataclasses import dataclass

import numpy as np

from base.geometry import Affine, Landmarks, Mask, Picture, Points, Region
from video import square
from video.square import cut_square, lay_back
from video.yuv import Frame

SIDE = 512  # pixels of the square that is laid back
# Eyes, nose and corners of the mouth as shares of the square, for landmarks spread about the nose:
# so wide a square holds the hair and the neck.
TEMPLATE = (
    (0.37691676, 0.46864664),
    (0.62285697, 0.46912813),
    (0.50123859, 0.61331904),
    (0.39308822, 0.725411),
    (0.61150205, 0.72490465),
)
WIDENED = 1.5
MASK_BORDER, MASK_SPREAD = 38, 19  # pixels of the square that stay, and over which it fades in


@dataclass(frozen=True)
class FaceSquare:
    """A square around a face, turned as the face is."""

    to_square: Affine  # from the frame's pixels

    @classmethod
    def of(cls, landmarks: Landmarks) -> "FaceSquare":
        return cls(Affine.similarity(widened(landmarks.points()), np.array(TEMPLATE) * SIDE))

    def cut(self, frame: Frame, side: int) -> Picture:
        """The square as BGR of `side` pixels; the frame's border is repeated."""
        scale = side / SIDE
        return cut_square(frame, self.to_square.then(Affine(scale, 0, 0, 0, scale, 0)), side)

    def paste(self, frame: Frame, made: Region) -> Frame:
        """The frame with what was made (BGR, 0..255) laid in, softly; all else is as before."""
        return lay_back(frame, made, self.to_square, seamless_mask())


def widened(landmarks: Points) -> Points:
    """The five landmarks, spread about the nose."""
    return np.asarray(landmarks[2] + (landmarks - landmarks[2]) * WIDENED, np.float64)


def soft_mask() -> Mask:
    """(SIDE, SIDE): next to nothing along the border, 1 in the middle."""
    return square.soft_mask(SIDE, MASK_BORDER, MASK_SPREAD)


def seamless_mask() -> Mask:
    """The same, but nothing at all at the border, where a twentieth would show as an edge."""
    return square.seamless_mask(SIDE, MASK_BORDER, MASK_SPREAD)
