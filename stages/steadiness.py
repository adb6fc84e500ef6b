"""What a network adds to a face, kept from shimmering where the face itself is still."""

from dataclasses import dataclass

import cv2
import numpy as np

from base.geometry import Region
from blending.mix import to_three_channels
from blending.resample import Floats

STEADINESS = 0.8  # the share of what was added before, where nothing has moved
MOVED = 2.0  # levels of 255, over grain and compression: a difference that counts as motion
GRAIN = 1.5  # levels that are none
WINDOW = 15  # pixels of the square over which a difference is averaged


@dataclass(frozen=True, eq=False)
class Steadied:
    """A face's square, and what is added to it."""

    square: Region
    added: Region

    def followed_by(self, square: Region, added: Region, share: float) -> "Steadied":
        """The next frame of a shot: what is added changes as far as the face does."""
        weight = to_three_channels(self._still(square) * np.float32(share))
        return Steadied(square, added + (self.added - added) * weight)

    def _still(self, square: Region) -> Floats:
        """1 where the square has not changed, down to 0 where it has moved."""
        difference = cv2.cvtColor(cv2.absdiff(square, self.square), cv2.COLOR_BGR2GRAY)
        change = cv2.blur(difference, (WINDOW, WINDOW)) - np.float32(GRAIN)
        return np.asarray(np.exp(-np.maximum(change, 0) / np.float32(MOVED)), np.float32)
