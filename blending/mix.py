"""Blend two pictures by a mask."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Mask, Picture, Rect, Region
from base.planes import PlanePart
from blending.resample import Floats, resample_planes

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Mix:
    """A patch's share in a picture, at the patch's size: picture - lost * picture + gained."""

    lost: Floats  # (height, width)
    gained: Floats  # (3, height, width)
    to_picture: Affine  # from its pixels

    @classmethod
    def unchanged(cls) -> "Mix":
        """Of a patch that changes nothing."""
        nothing = np.zeros((4, 1, 1), np.float32)
        return cls(nothing[0], nothing[1:], Affine.shift(0, 0))

    def apply(self, region: Region) -> Region:
        """Return the region, which begins at the picture's origin, with the patch's share."""
        height, width = region.shape[:2]
        levels = self._levels(np.eye(3, 4))
        lost, *gained = resample_planes(levels, self.to_picture, Rect(0, height, 0, width))
        result = region * to_three_channels(lost)
        result += cv2.merge(gained)
        result += region
        return result

    def change(self, part: PlanePart, mask: Mask) -> list[Floats]:
        """What it adds to each of the part's planes, weighted by a mask of the part's pixels.

        In a sample that covers several pixels the mask and the mix are averaged one by one: with
        soft masks and an enlarged patch that is their product's mean, to a fraction of a level.
        """
        levels = self._levels(part.from_bgr)
        to_frame = self.to_picture.then(Affine.shift(part.rect.left, part.rect.top))
        lost, *changes = resample_planes(levels, to_frame, part.covered, part.cell)
        weights = part.cell_means(mask)
        for samples, change in zip(part.samples, changes, strict=True):
            cv2.accumulateProduct(samples.astype(np.float32), lost, change)
            cv2.multiply(change, weights, change)
        return changes

    def _levels(self, from_bgr: Matrix) -> Floats:
        """(1 + planes, height, width): the factor of samples that are lost, and what they gain.

        `from_bgr` (planes, 4) leads to the samples from B, G, R and 1.
        """
        matrix = np.concatenate([[[0, 0, 0, -1]], from_bgr]).astype(np.float32)
        levels = np.concatenate([self.gained, self.lost[None]])
        planes = matrix @ levels.reshape(4, -1)
        return np.asarray(planes.reshape(-1, *self.lost.shape), np.float32)


def alpha_blend(new: Region, old: Region, mask: Mask) -> Region:
    """Return `new` where the mask is 1 and `old`, to the bit, where it is 0."""
    blended = new - old
    blended *= to_three_channels(mask)
    blended += old
    return blended


def split(picture: Picture | Region) -> Floats:
    """(height, width, 3) -> (3, height, width)"""
    return picture.transpose(2, 0, 1).astype(np.float32, order="C")


def to_three_channels(mask: Mask) -> Region:
    """Repeat the mask for every channel; faster than numpy's broadcasting."""
    return np.asarray(cv2.merge([mask] * 3), np.float32)
