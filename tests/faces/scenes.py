"""Pictures with faces at known places, and a detector for faces that are painted rectangles."""

import math

import cv2
import numpy as np

from base.geometry import Box, Landmarks
from faces.face import Face

RED, GREEN, BLUE = (0, 0, 255), (0, 255, 0), (255, 0, 0)


def scene(width, height, *people, ground=128):
    """A grey picture with people: (picture, left, top), cut off at the border."""
    canvas = np.full((height, width, 3), ground, np.uint8)
    for picture, left, top in people:
        place = np.float32([[1, 0, left], [0, 1, top]])
        cv2.warpAffine(
            picture,
            place,
            (width, height),
            canvas,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_TRANSPARENT,
        )
    return canvas


def painted(*people, ground=0, size=(320, 240)):
    """Rectangles for faces: (colour, centre x, centre y, width)."""
    canvas = np.full((size[1], size[0], 3), ground, np.uint8)
    for colour, x, y, width in people:
        corner = round(x - width / 2), round(y - width * 0.6)
        opposite = round(x + width / 2) - 1, round(y + width * 0.6) - 1
        cv2.rectangle(canvas, corner, opposite, colour, -1)
    return canvas


class Painted:
    """Finds painted rectangles. `scores` by colour, `tremble` in parts of the width."""

    def __init__(self, scores=None, tremble=0.0):
        self.detected = 0
        self._scores = scores or (lambda colour: 1.0)
        self._tremble = tremble
        self._noise = np.random.default_rng(1)

    def detect(self, picture):
        self.detected += 1
        return sorted(self._faces(picture), key=lambda face: -face.score)

    def refine(self, picture, face):
        reach = face.box.width * 0.6
        near = [
            one
            for one in self._faces(picture)
            if math.dist(one.box.centre, face.box.centre) < reach and one.score >= 0.6
        ]
        return min(near, key=lambda one: math.dist(one.box.centre, face.box.centre), default=None)

    def _faces(self, picture):
        for colour in (RED, GREEN, BLUE):
            rows, columns = np.nonzero((picture == colour).all(2))
            if len(rows):
                edges = np.array([rows.min(), rows.max() + 1, columns.min(), columns.max() + 1])
                width = edges[3] - edges[2]
                edges = edges + self._noise.normal(0, self._tremble * width + 1e-9, 4)
                box = Box(*edges.tolist())
                yield Face(box, Landmarks.fixed(box), self._scores(colour))


def centres(track):
    """(frames, 2), NaN where there is no face."""
    return np.array([face.box.centre if face else (np.nan, np.nan) for face in track])


def face_at(x, y, width, score=1.0):
    box = Box(y - 0.6 * width, y + 0.6 * width, x - width / 2, x + width / 2)
    return Face(box, Landmarks.fixed(box), score)
