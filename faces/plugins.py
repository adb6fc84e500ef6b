"""Face detectors of other packages: functions of plain values, none of which is ours.

A plug-in is a function without arguments that returns `detect(picture)`: for a uint8 BGR picture
the faces, best first, each as (box, landmarks, score): top, bottom, left, right; five (x, y), eyes,
nose and corners of the mouth as they lie in the picture from left to right; 0 to 1.
"""

from collections.abc import Callable
from itertools import islice
from math import dist
from typing import Any

from base.geometry import Box, Landmarks, Picture
from base.plugins import load_plugin, package_of, plugin_errors
from faces.face import Face

MOST_FACES = 100
NEAR = 0.5  # of a face's width, that it moves at most between two looks


class PluginDetector:
    """Asks a plug-in for the faces of a picture."""

    def __init__(self, name: str) -> None:
        self._name, self._package = name, package_of("detectors", name)
        begin = load_plugin("detectors", name)
        with plugin_errors(name, self._package):
            self._detect: Callable[..., Any] = begin()

    def detect(self, picture: Picture, /) -> list[Face]:
        with plugin_errors(self._name, self._package):
            found = islice(self._detect(picture.copy()), MOST_FACES)
            return [
                Face(Box(*map(float, box)), Landmarks.of(points), float(score))
                for box, points, score in found
            ]

    def refine(self, picture: Picture, face: Face, /) -> Face | None:
        others = self.detect(picture)
        nearest = min(
            others, key=lambda other: dist(other.box.centre, face.box.centre), default=None
        )
        if nearest is None or dist(nearest.box.centre, face.box.centre) > NEAR * face.box.width:
            return None
        return nearest
