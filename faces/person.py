"""Choose one person among several faces."""

import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from base.errors import UsageError
from base.geometry import Box, Picture
from faces.face import Face

Appearance = NDArray[np.float32]  # (512,): colour histogram of face, hair and clothes, sum 1
Size = tuple[int, int]  # width, height

MIN_FOREGROUND_WIDTH = 0.4  # of the largest face's width: smaller faces are in the background
MIN_SIMILARITY, MIN_LEAD = 0.4, 0.1  # of the most similar face; its lead over the next one

# Name of a rule -> value of a face; the face with the largest value is selected.
SELECT_RULES: dict[str, Callable[[Face, Size], float]] = {
    "largest": lambda face, size: face.box.width * face.box.height,
    "left": lambda face, size: -face.box.centre[0],
    "right": lambda face, size: face.box.centre[0],
    "center": lambda face, size: -math.dist(face.box.centre, (size[0] / 2, size[1] / 2)),
}


def check_select(select: str) -> None:
    """Raise UsageError unless `select` names a rule or counts faces from the left."""
    if select not in SELECT_RULES and not (
        select.isascii() and select.isdigit() and len(select) < 4
    ):
        raise UsageError(
            f"--face_select {select}: use {', '.join(SELECT_RULES)}, or a number that counts "
            "the faces from the left, 0 first"
        )


def select_face(faces: Sequence[Face], select: str, size: Size) -> Face | None:
    """Return the face selected by a rule's name or by its number from the left, None if missing.

    `size` is the picture's. A rule passes over faces in the background, a number counts them.
    """
    if select not in SELECT_RULES:
        from_left = sorted(faces, key=lambda face: face.box.centre[0])
        return from_left[int(select)] if int(select) < len(from_left) else None
    largest = max((face.box.width for face in faces), default=0.0)
    foreground = [face for face in faces if face.box.width >= MIN_FOREGROUND_WIDTH * largest]
    return max(foreground, key=lambda face: SELECT_RULES[select](face, size), default=None)


def nearest_face(faces: Sequence[Face], target: Face) -> Face | None:
    return min(faces, key=lambda face: math.dist(face.box.centre, target.box.centre), default=None)


def is_same_place(first: Face, second: Face) -> bool:
    """Whether two faces are too close to be two people side by side."""
    reach = max(first.box.width, second.box.width) / 2
    return math.dist(first.box.centre, second.box.centre) < reach


def appearance_of(picture: Picture, box: Box) -> Appearance:
    """Return the colour histogram of face, hair and clothes."""
    height, width = picture.shape[:2]
    rect = box.padded(box.height / 4, box.height / 2, 0, 0).inside(width, height)
    if rect is None:
        return np.zeros(8 * 8 * 8, np.float32)
    pixels = np.ascontiguousarray(picture[rect.slices][::2, ::2])
    counts = cv2.calcHist([pixels], [0, 1, 2], None, [8, 8, 8], [0, 256] * 3).ravel()
    return np.asarray(counts / counts.sum(), np.float32)


def most_similar_face(
    faces: Sequence[Face], appearance: Appearance, picture: Picture
) -> Face | None:
    """Return the face that clearly looks most like `appearance`, None if it is not clear."""
    similarity = [
        float(np.sqrt(appearance_of(picture, face.box) * appearance).sum()) for face in faces
    ]
    order = np.argsort(similarity)[::-1]
    lead = similarity[order[0]] - similarity[order[1]] if len(faces) > 1 else 1.0
    clear = similarity[order[0]] >= MIN_SIMILARITY and lead >= MIN_LEAD
    return faces[order[0]] if clear else None
