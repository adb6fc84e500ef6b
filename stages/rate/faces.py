"""The face between two frames that show it."""

import numpy as np

from base.geometry import Box, Landmarks
from base.lips import Lips
from faces.face import Face


def face_between(first: Face, second: Face, part: float) -> Face:
    """The face after `part` of the way from one to the other; lips where both have them."""
    landmarks = _mixed(first.landmarks.points(), second.landmarks.points(), part)
    return Face(
        _box_between(first.box, second.box, part),
        Landmarks.of(landmarks),
        min(first.score, second.score),
        _lips_between(first.lips, second.lips, part),
    )


def can_mix(first: Face | None, second: Face | None) -> bool:
    """Whether both or neither are there, with the same things seen of them."""
    if first is None or second is None:
        return first is second
    return (first.lips is None) is (second.lips is None)


def _box_between(first: Box, second: Box, part: float) -> Box:
    edges = zip(
        (first.top, first.bottom, first.left, first.right),
        (second.top, second.bottom, second.left, second.right),
        strict=True,
    )
    return Box(*(one + (other - one) * part for one, other in edges))


def _lips_between(first: Lips | None, second: Lips | None, part: float) -> Lips | None:
    if first is None or second is None:
        return None
    return Lips(_mixed(first.points, second.points, part).astype(np.float32))


def _mixed(
    first: "np.ndarray[tuple[int, ...], np.dtype[np.floating]]",
    second: "np.ndarray[tuple[int, ...], np.dtype[np.floating]]",
    part: float,
) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    return np.asarray(first + (second - first) * part, np.float64)
