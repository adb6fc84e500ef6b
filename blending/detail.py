"""Texture that a face loses at 96 pixels, given back where it still fits."""

import cv2
import numpy as np
from cv2.typing import MatLike

from base.geometry import Region
from blending.mix import threefold
from blending.patch import SIDE, Floats, Patch

TOLERANCE = 16.0  # levels: a pixel that changed by so much keeps a third of the old texture
NOISE = 2.0  # levels: half of a change so small is left out
REACH = 5  # patch pixels: a lip that moved must not leave its old edge beside it
SKIN = 45.0  # levels: grain fits other skin as well, so it may have changed by more
STEEP = 14.0  # levels a patch pixel: where there are outlines, grain of another place does not fit


def with_detail(patch: Patch, face: Region) -> Region:
    """The patch at its place, with the fine texture of `face` where the patch shows the like.

    A patch that equals the face it was made from gives `face` itself, to the bit.
    """
    source = patch.source.astype(np.float32)
    change = _cored(patch.pixels - source)
    if not change.any():
        return face
    kept = _kept(patch, face, source, change)
    # kept * (face + change) + (1 - kept) * (source + change), what is small enlarged at once
    rest = patch.warped(change + (1 - threefold(kept)) * source, face)
    whole = threefold(patch.warped(kept[:, :, None], face))
    whole *= face
    whole += rest
    return whole


def sameness(change: Floats) -> Floats:
    """1 where nothing changed nearby, towards 0 with the change."""
    return _falling(_nearby(change), TOLERANCE)


def _cored(change: Floats) -> Floats:
    """Without the noise of a generator: on skin that stays it would be all that moves."""
    square = np.square(change)
    square /= square + np.float32(NOISE**2)
    return np.asarray(change * square, np.float32)


def _kept(patch: Patch, face: Region, source: Floats, change: Floats) -> Floats:
    """(96, 96): how much of the texture stays; only what `face` shows of it is worked out."""
    seen = patch.seen_in(face, margin=2 * REACH)
    changed = _nearby(change[seen])
    like_skin = _falling(changed, SKIN) * _smoothness(source[seen], change[seen])
    kept = np.zeros((SIDE, SIDE), np.float32)
    kept[seen] = np.maximum(_falling(changed, TOLERANCE), like_skin)
    return kept


def _smoothness(source: Floats, change: Floats) -> Floats:
    """Towards 1 where smooth skin was and is: its pores need not move along."""
    outlines = cv2.max(_steepness(source), _steepness(source + change))
    return _falling(_soft(cv2.dilate(outlines, np.ones((3, 3), np.uint8))), STEEP)


def _nearby(change: Floats) -> Floats:
    """The most that changes around each pixel, in any channel."""
    planes = cv2.split(np.abs(change))
    most = cv2.max(cv2.max(planes[0], planes[1]), planes[2])
    return _soft(cv2.dilate(most, np.ones((REACH, REACH), np.uint8)))


def _steepness(square: Floats) -> Floats:
    grey = cv2.cvtColor(square, cv2.COLOR_BGR2GRAY)
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    along = cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    return np.asarray(cv2.magnitude(across, along), np.float32)


def _soft(levels: MatLike) -> Floats:
    return np.asarray(cv2.GaussianBlur(levels, (0, 0), REACH / 3), np.float32)


def _falling(levels: Floats, to: float) -> Floats:
    """1 at 0, a third at `to`."""
    return np.asarray(np.exp(-np.square(levels / np.float32(to))), np.float32)
