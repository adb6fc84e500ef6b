"""Where a restored face replaces the old one: the mouth, or all of the face, with a soft edge."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from base.geometry import Box, Mask, Points, Rect
from base.lips import LEFT_EYE, OVAL, RIGHT_EYE, Lips
from blending.masks import MaskShape, Outline, read_only, smoothstep
from blending.methods import mouth
from faces.face import Face
from puppet.average import average_lips
from stages.names import REGIONS

EDGE = 0.35  # of the distance between the eyes: how wide the soft edge inside the oval is
LEAST_SAMPLES = 6  # of the mask across the soft edge; between them it is linear
# What blurring leaves on the outline: a half, and what OpenCV draws is half a sample too large.
OUTLINE = np.float32(0.56)
FRACTION = 4  # bits of a pixel
MOUTH = MaskShape()  # as a new mouth is blended in, unless the user says otherwise


@dataclass(frozen=True, eq=False)
class FaceOval:
    """All within the outline of the face; its mask rises from 0 there to 1 inside."""

    outline: Points
    edge: float  # pixels

    @property
    def bounds(self) -> Box:
        return Box.around(self.outline)

    def mask(self, rect: Rect, /) -> Mask:
        outline = np.asarray(self.outline, np.float32)
        return _oval_mask(outline.tobytes(), self.edge, rect)


def whole_face(face: Face) -> Outline:
    lips = _lips_of(face)
    left, right = (lips.mesh(*corners).mean(0) for corners in (LEFT_EYE, RIGHT_EYE))
    return FaceOval(lips.mesh(*OVAL), max(EDGE * math.dist(left, right), 2.0))


def around_mouth(face: Face) -> Outline:
    return mouth(face.box, face.landmarks, face.lips, MOUTH)


OUTLINES: Mapping[str, Callable[[Face], Outline]] = dict(
    zip(REGIONS, (whole_face, around_mouth), strict=True)
)


def _lips_of(face: Face) -> Lips:
    return face.lips or average_lips(face.landmarks)


@lru_cache(maxsize=2)  # the face of a still stays in its place
def _oval_mask(outline: bytes, edge: float, rect: Rect) -> Mask:
    step = max(int(edge / LEAST_SAMPLES), 1)
    margin = math.ceil(edge / step) + 1  # samples: the blur reaches beyond the rectangle
    left, top = rect.left // step - margin, rect.top // step - margin  # a grid fixed to the frame
    size = -(-rect.right // step) + margin - left, -(-rect.bottom // step) + margin - top
    points = np.frombuffer(outline, np.float32).reshape(-1, 2) / step - (left + 0.5, top + 0.5)
    filled = np.zeros(size[::-1], np.uint8)
    fixed_point = np.rint(points * (1 << FRACTION)).astype(np.int32)
    cv2.fillPoly(filled, [fixed_point], (255,), cv2.LINE_AA, FRACTION)
    # of the blurred shape only what lies inside is left, from the outline to `edge` inside
    soft = cv2.GaussianBlur(filled.astype(np.float32), (0, 0), edge / step / 2)
    fine = cv2.resize(soft, None, fx=step, fy=step, interpolation=cv2.INTER_LINEAR)
    rows = slice(rect.top - top * step, rect.bottom - top * step)
    columns = slice(rect.left - left * step, rect.right - left * step)
    ramp = (fine[rows, columns] / np.float32(255) - OUTLINE) / (1 - OUTLINE)
    return read_only(smoothstep(np.asarray(ramp, np.float32)))
