"""Pauses without the network: which mouths it is asked for, and those in between."""

from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Picture
from wav2lip.generators.batch import SIDE

Floats = NDArray[np.float32]

REST = Fraction(7, 10)  # seconds; the most between two mouths of the network
CHANGED = (
    12.0  # mean difference, of 255; heads turn by that much in some 0.2 s, others differ by 33
)
MOUTH = np.array([0.9, 0.75])  # half axes of what a mouth moves, in widths of the mouth
LOWER = 0.15  # widths by which that lies lower than the corners
SOFT = 0.2  # its edge fades by this part of it to both sides
NARROWEST = 8.0  # patch pixels; a mouth seen from the side has hardly any width


@dataclass(frozen=True)
class Given:
    """What a generator is given of a frame's picture."""

    face: Picture  # (96, 96, 3)
    landmarks: Floats  # (5, 2) in patch pixels


@dataclass(frozen=True)
class Key:
    """A mouth that the generator made."""

    given: Given
    patch: Picture  # (96, 96, 3)


def wanted(speaking: NDArray[np.bool_], fps: Fraction) -> NDArray[np.bool_]:
    """The frames to ask for, whatever the face does: speech, both ends, some of each pause."""
    most = max(int(REST * fps), 1)
    asked = speaking.copy()
    asked[[0, -1]] = True
    known = np.flatnonzero(asked)
    for gap in np.flatnonzero(np.diff(known) > 1):
        before, after = known[gap : gap + 2].tolist()
        steps = -(-(after - before) // most)
        asked[np.linspace(before, after, steps + 1).round().astype(int)] = True
    return asked


def changed(face: Picture, other: Picture) -> bool:
    """Whether a mouth for one says too little of a mouth for the other."""
    return float(cv2.norm(face, other, cv2.NORM_L1)) > CHANGED * face.size


def between(before: Key, after: Key, weight: float, given: Given) -> Picture:
    """A mouth for `given` from its neighbours in time; at weight 0 it is that of `before`.

    Around the mouth the frame keeps its own skin, changed as the neighbours were. The mouth is that
    of the neighbours alone: how the lips of the picture moved in the pause must not be seen.
    """
    patches, faces = (
        (1 - weight) * one + weight * other
        for one, other in zip(_carried(before, given), _carried(after, given), strict=True)
    )
    own = (given.face - faces) * (1 - _mouth(given.landmarks))
    return np.asarray(np.rint(patches + own).clip(0, 255), np.uint8)


def _carried(key: Key, given: Given) -> tuple[Floats, Floats]:
    """The key's patch and face, moved as the head has moved since."""
    pictures = key.patch.astype(np.float32), key.given.face.astype(np.float32)
    if np.array_equal(key.given.landmarks, given.landmarks):
        return pictures
    matrix = _similarity(key.given.landmarks, given.landmarks).warp_matrix()
    patch, face = (
        cv2.warpAffine(
            picture, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        for picture in pictures
    )
    return np.asarray(patch, np.float32), np.asarray(face, np.float32)


def _similarity(points: Floats, others: Floats) -> Affine:
    """The turn, scale and shift that best take points to others."""
    ones, twos = (p.astype(np.float64) @ (1, 1j) for p in (points, others))
    off, to = ones - ones.mean(), twos - twos.mean()
    turn = complex(np.vdot(off, to) / max(np.vdot(off, off).real, 1e-9))
    shift = complex(twos.mean() - turn * ones.mean())
    return Affine(turn.real, -turn.imag, shift.real, turn.imag, turn.real, shift.imag)


def _mouth(landmarks: Floats) -> Floats:
    """(96, 96, 1): 1 where a mouth moves, 0 far from it."""
    left, right = landmarks[3:]
    width = max(float(np.hypot(*(right - left))), NARROWEST)
    centre = (left + right) / 2 + (0, LOWER * width)
    pixels = np.stack(np.meshgrid(*[np.arange(SIDE) + 0.5] * 2), axis=-1)
    far = np.hypot(*np.moveaxis((pixels - centre) / (MOUTH * width), -1, 0))
    return np.asarray(((1 + SOFT - far) / (2 * SOFT)).clip(0, 1)[..., None], np.float32)
