"""Silence gating: which frames get a generated mouth, and how those between are interpolated."""

from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Picture
from base.packing import BGR_PIXELS, Packing

Floats = NDArray[np.float32]

MOST_BETWEEN = Fraction(7, 10)  # seconds from one keyframe to the next
# Mean difference of two faces, of 255: a turning head reaches it in some 0.2 s; other people differ
# by 33.
DIFFERENT = 12.0
MOUTH_AXES = np.array([0.9, 0.75])  # half axes of the ellipse in which a mouth moves, in its widths
MOUTH_DROP = 0.15  # widths by which its centre lies below the line of the corners
EDGE = 0.2  # it fades out over this share of its size to both sides
NARROWEST = 8.0  # patch pixels; a mouth seen from the side has hardly any width


@dataclass(frozen=True)
class SourceFace:
    """What a generator takes of a frame's picture."""

    face: Picture  # a square for a network; or packed
    landmarks: Floats  # (5, 2) in patch pixels
    lips: Floats | None = None  # (base.lips.POINTS, 2) in patch pixels, where they were seen
    packing: Packing = BGR_PIXELS  # of the face


@dataclass(frozen=True)
class GeneratedMouth:
    """A keyframe's patch and the face it was generated from."""

    source: SourceFace
    patch: Picture  # of the same size


def keyframes(speaking: NDArray[np.bool_], fps: Fraction) -> NDArray[np.bool_]:
    """Whether each frame needs a generated mouth: all speech, both ends, some of each pause."""
    most = max(int(MOST_BETWEEN * fps), 1)
    required = speaking.copy()
    required[[0, -1]] = True
    indices = np.flatnonzero(required)
    for gap in np.flatnonzero(np.diff(indices) > 1):
        first, last = indices[gap : gap + 2].tolist()
        steps = -(-(last - first) // most)
        required[np.linspace(first, last, steps + 1).round().astype(int)] = True
    return required


def differs(first: Picture, second: Picture) -> bool:
    """Whether a mouth generated for one face is of no use for the other."""
    return float(cv2.norm(first, second, cv2.NORM_L1)) > DIFFERENT * first.size


def interpolate(
    before: GeneratedMouth, after: GeneratedMouth, weight: float, source: SourceFace
) -> Picture:
    """A patch for `source` from the keyframes around it; at weight 0 it is that of `before`.

    Around the mouth the frame keeps its own skin, changed as the keyframes' skin was. The mouth
    comes from the keyframes alone: lips that move in the source's pause must not show.
    """
    moved_before, moved_after = _follow_head(before, source), _follow_head(after, source)
    patches, faces = (
        (1 - weight) * first + weight * second
        for first, second in zip(moved_before, moved_after, strict=True)
    )
    own_skin = (source.face - faces) * (1 - _mouth_weight(source))
    return np.asarray(np.rint(patches + own_skin).clip(0, 255), np.uint8)


def _follow_head(mouth: GeneratedMouth, source: SourceFace) -> tuple[Floats, Floats]:
    """The keyframe's patch and face, moved as the head has moved since."""
    pictures = mouth.patch.astype(np.float32), mouth.source.face.astype(np.float32)
    if np.array_equal(mouth.source.landmarks, source.landmarks):
        return pictures
    matrix = Affine.similarity(mouth.source.landmarks, source.landmarks).warp_matrix()
    height, width = mouth.patch.shape[:2]
    patch, face = (
        cv2.warpAffine(
            picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        for picture in pictures
    )
    return np.asarray(patch, np.float32), np.asarray(face, np.float32)


def _mouth_weight(source: SourceFace) -> Floats:
    """(height, width, 1): 1 where a mouth moves, 0 far from it."""
    left, right = source.landmarks[3:]
    width = max(float(np.hypot(*(right - left))), NARROWEST)
    centre = (left + right) / 2 + (0, MOUTH_DROP * width)
    rows, columns = (np.arange(size) + 0.5 for size in source.face.shape[:2])
    pixels = np.stack(np.meshgrid(columns, rows), axis=-1)
    distance = np.hypot(*np.moveaxis((pixels - centre) / (MOUTH_AXES * width), -1, 0))
    return np.asarray(((1 + EDGE - distance) / (2 * EDGE)).clip(0, 1)[..., None], np.float32)
