"""Pictures with faces at known places, a detector of painted rectangles, and whole tracks."""

import math

import cv2
import numpy as np

from base.geometry import Box, Landmarks
from faces.face import Face
from faces.sightings import Sightings
from faces.smoothing import Smoothing
from faces.track import (
    TrackSettings,
    clean_track,
    follow_in_box,
    follow_person,
    track_fixed_box,
)
from faces.view import View

RED, GREEN, BLUE = (0, 0, 255), (0, 255, 0), (255, 0, 0)


def scene(width, height, *people, ground=128):
    """A grey picture with others pasted in, as (picture, left, top); they may cross its border."""
    canvas = np.full((height, width, 3), ground, np.uint8)
    for picture, left, top in people:
        matrix = np.float32([[1, 0, left], [0, 1, top]])
        cv2.warpAffine(
            picture,
            matrix,
            (width, height),
            canvas,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_TRANSPARENT,
        )
    return canvas


def painted(*people, ground=0, size=(320, 240)):
    """A picture with rectangles as faces, as (colour, centre x, centre y, width)."""
    canvas = np.full((size[1], size[0], 3), ground, np.uint8)
    for colour, x, y, width in people:
        corner = round(x - width / 2), round(y - width * 0.6)
        opposite = round(x + width / 2) - 1, round(y + width * 0.6) - 1
        cv2.rectangle(canvas, corner, opposite, colour, -1)
    return canvas


class RectangleDetector:
    """Detects painted rectangles.

    `scores` gives the score of a colour, `jitter` the noise relative to the width.
    """

    def __init__(self, scores=None, jitter=0.0):
        self.detections = 0
        self._scores = scores or (lambda colour: 1.0)
        self._jitter = jitter
        self._noise = np.random.default_rng(1)

    def detect(self, picture):
        self.detections += 1
        return sorted(self._faces(picture), key=lambda face: -face.score)

    def refine(self, picture, face):
        reach = face.box.width * 0.6

        def distance(candidate):
            return math.dist(candidate.box.centre, face.box.centre)

        candidates = [c for c in self._faces(picture) if distance(c) < reach and c.score >= 0.6]
        return min(candidates, key=distance, default=None)

    def _faces(self, picture):
        for colour in (RED, GREEN, BLUE):
            left, top, width, height = cv2.boundingRect(cv2.inRange(picture, colour, colour))
            if width:
                edges = np.array([top, top + height, left, left + width])
                edges = edges + self._noise.normal(0, self._jitter * width + 1e-9, 4)
                box = Box(*edges.tolist())
                yield Face(box, Landmarks.fixed(box), self._scores(colour))


def centres(track):
    """(frames, 2), NaN in frames without the face."""
    return np.array([face.box.centre if face else (np.nan, np.nan) for face in track])


def face_at(x, y, width, score=1.0):
    box = Box(y - 0.6 * width, y + 0.6 * width, x - width / 2, x + width / 2)
    return Face(box, Landmarks.fixed(box), score)


def track(pictures, detector, settings=None):
    """The cleaned track of one person."""
    settings = settings or TrackSettings()
    views = map(View.of, pictures)
    return clean_track(Sightings.of(follow_person(views, detector, settings)), settings)


def track_in_box(box, pictures, detector=None, smoothing=None):
    """The track with a fixed box."""
    sightings = Sightings.of(follow_in_box(box, map(View.of, pictures), detector))
    return track_fixed_box(box, sightings, smoothing or Smoothing())
