"""Which of several faces is meant."""

import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from base.errors import UsageError
from base.geometry import Box, Picture
from faces.face import Face

Look = NDArray[np.float32]  # the colours of a person, as parts of 1
Size = tuple[int, int]  # width, height

FOREGROUND = 0.4  # of the largest face's width: smaller ones are in the background
CLEARLY_ALIKE, BY_FAR = 0.4, 0.1  # least likeness, and least lead over the next one

# By name: the face with the largest value is meant.
SELECTS: dict[str, Callable[[Face, Size], float]] = {
    "largest": lambda face, size: face.box.width * face.box.height,
    "left": lambda face, size: -face.box.centre[0],
    "right": lambda face, size: face.box.centre[0],
    "center": lambda face, size: -math.dist(face.box.centre, (size[0] / 2, size[1] / 2)),
}


def check_select(select: str) -> None:
    """Raise UsageError unless `select` names a rule or counts faces from the left."""
    if select not in SELECTS and not (select.isascii() and select.isdigit() and len(select) < 4):
        raise UsageError(
            f"--face_select {select}: use {', '.join(SELECTS)}, or a number that counts "
            "the faces from the left, 0 first"
        )


def selected(faces: Sequence[Face], select: str, size: Size) -> Face | None:
    """The face that the rule means; none if it counts to one that is not there."""
    largest = max((face.box.width for face in faces), default=0.0)
    near = [face for face in faces if face.box.width >= FOREGROUND * largest]
    if select in SELECTS:
        return max(near, key=lambda face: SELECTS[select](face, size), default=None)
    from_left = sorted(near, key=lambda face: face.box.centre[0])
    return from_left[int(select)] if int(select) < len(from_left) else None


def nearest(faces: Sequence[Face], to: Face) -> Face | None:
    return min(faces, key=lambda face: math.dist(face.box.centre, to.box.centre), default=None)


def same_place(one: Face, other: Face) -> bool:
    """Whether two faces cannot be two people side by side."""
    reach = max(one.box.width, other.box.width) / 2
    return math.dist(one.box.centre, other.box.centre) < reach


def look_of(picture: Picture, box: Box) -> Look:
    """The colours of face, hair and clothes."""
    height, width = picture.shape[:2]
    rect = box.padded(box.height / 4, box.height / 2, 0, 0).inside(width, height)
    if rect is None:
        return np.zeros(8 * 8 * 8, np.float32)
    part = np.ascontiguousarray(picture[rect.slices][::2, ::2])
    counts = cv2.calcHist([part], [0, 1, 2], None, [8, 8, 8], [0, 256] * 3).ravel()
    return np.asarray(counts / counts.sum(), np.float32)


def most_alike(faces: Sequence[Face], look: Look, picture: Picture) -> Face | None:
    """The one that looks like `look`, if it is clear which."""
    likeness = [float(np.sqrt(look_of(picture, face.box) * look).sum()) for face in faces]
    order = np.argsort(likeness)[::-1]
    lead = likeness[order[0]] - likeness[order[1]] if len(faces) > 1 else 1.0
    clear = likeness[order[0]] >= CLEARLY_ALIKE and lead >= BY_FAR
    return faces[order[0]] if clear else None
