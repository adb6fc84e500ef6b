"""A face as restoring networks know it, 512x512 and upright, and the way back into its frame."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from base.geometry import Affine, Box, Points, Rect, Region
from blending.masks import smoothstep
from blending.resample import Floats
from faces.face import Face
from video.yuv import Frame

SIDE = 512  # pixels
# Eyes, nose and corners of the mouth in a picture of SIDE pixels, as in the data set FFHQ.
TEMPLATE: Points = np.array(
    [
        (192.98138, 239.94708),
        (318.90277, 240.1936),
        (256.63416, 314.01935),
        (201.26117, 371.41043),
        (313.08905, 371.15118),
    ]
)
CORNERS: Points = np.array([(0.0, 0.0), (SIDE, 0.0), (SIDE, SIDE), (0.0, SIDE)])
FADED = 24  # pixels: nothing changes abruptly along the square's border


@dataclass(frozen=True)
class AlignedFace:
    """Where the square that a network takes lies in a frame of (width, height)."""

    to_frame: Affine
    rect: Rect  # the pixels of the frame that it touches

    @classmethod
    def of(cls, face: Face, size: tuple[int, int]) -> "AlignedFace | None":
        """None for a face so small or so far outside that nothing of it shows."""
        to_square = Affine.similarity(face.landmarks.points(), TEMPLATE)
        if math.hypot(to_square.a, to_square.d) < 1e-3:
            return None
        to_frame = to_square.inverse()
        rect = Box.around(to_frame(CORNERS)).inside(*size)
        return None if rect is None else cls(to_frame, rect)

    def cut(self, frame: Frame) -> Region:
        """The square, SIDE x SIDE; beyond the frame its border is repeated."""
        to_square = Affine.shift(self.rect.left, self.rect.top).then(self.to_frame.inverse())
        square = warped(frame.region(self.rect), to_square, (SIDE, SIDE), cv2.BORDER_REPLICATE)
        return np.clip(square, 0, 255, out=square)

    def laid_back(self, square: Floats, rect: Rect) -> Floats:
        """The square's values at the frame's pixels `rect`; 0 beyond it."""
        to_rect = self.to_frame.then(Affine.shift(-rect.left, -rect.top))
        return warped(square, to_rect, rect.size, cv2.BORDER_CONSTANT)


def warped(picture: Floats, to: Affine, size: tuple[int, int], border: int) -> Floats:
    """The picture under a similarity at (width, height); averaged where it shrinks."""
    scale = math.hypot(to.a, to.d)
    if scale < 1:
        height, width = picture.shape[:2]
        smaller = max(round(width * scale), 1), max(round(height * scale), 1)
        picture = np.asarray(cv2.resize(picture, smaller, interpolation=cv2.INTER_AREA), np.float32)
        to = Affine(width / smaller[0], 0, 0, 0, height / smaller[1], 0).then(to)
    return np.asarray(
        cv2.warpAffine(picture, to.warp_matrix(), size, flags=cv2.INTER_CUBIC, borderMode=border),
        np.float32,
    )


def _fade() -> Floats:
    """(SIDE, SIDE, 1): 0 on the square's border, 1 inside."""
    to_border = np.minimum(np.arange(SIDE) + 0.5, np.arange(SIDE)[::-1] + 0.5) / FADED
    axis = smoothstep(to_border.astype(np.float32))
    return np.minimum(axis[:, None], axis[None, :])[..., None]


FADE = _fade()
