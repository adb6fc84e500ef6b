"""A clip of somebody who talks, with the face and lips of every frame."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from base.errors import InputError
from base.geometry import Picture
from base.lips import Lips
from faces.detector import DetectorSettings
from faces.detectors import DETECTORS
from faces.face import Face
from faces.lips import seer_for
from faces.sightings import Sightings
from faces.track import TrackSettings, clean_track, follow_person
from faces.view import View
from video.shape import Shape
from video.source import open_source

LONGEST = 640  # pixels of the pictures that faces are looked for in
CHIN = 0.04  # of the face's width: what --pads adds below a face of 256 pixels
FEWEST = 40  # frames


@dataclass(frozen=True, eq=False)
class TalkingFrame:
    """A frame whose lips are seen."""

    picture: Picture
    face: Face
    lips: Lips


@dataclass(frozen=True, eq=False)
class TalkingClip:
    """Consecutive frames of one person."""

    name: str
    frames: tuple[TalkingFrame, ...]

    def scaled(self, width: float) -> "TalkingClip":
        """The clip with faces about so many pixels wide."""
        factor = width / float(np.median([frame.face.box.width for frame in self.frames]))
        return TalkingClip(self.name, tuple(_scaled(frame, factor) for frame in self.frames))


def read_talking_clip(path: Path, most: int) -> TalkingClip:
    """The first frames, at most so many; InputError where a face or its lips are not seen."""
    source = open_source(path, Shape(), Fraction(25))
    pictures: list[Picture] = []

    def views() -> Iterator[View]:
        with closing(source.frames()) as frames:
            for frame in islice(frames, most):
                pictures.append(frame.picture())
                yield View(frame, LONGEST)

    detector = DETECTORS["mtcnn"](DetectorSettings())
    sightings = Sightings.of(follow_person(views(), detector, TrackSettings(), seer_for(False)))
    scale = View(source.first, LONGEST).scale
    track = clean_track(sightings, TrackSettings()).scaled(1 / scale)
    frames = [_talking(*pair) for pair in zip(pictures, track, strict=True)]
    complete = tuple(frame for frame in frames if frame is not None)
    if len(complete) < max(FEWEST, len(frames)):
        raise InputError(f"{path}: take a clip of {FEWEST} frames or more, a face in all of them")
    return TalkingClip(path.stem, complete)


def _talking(picture: Picture, face: Face | None) -> TalkingFrame | None:
    if face is None or face.lips is None:
        return None
    box = face.box.padded(0, CHIN * face.box.width, 0, 0)
    return TalkingFrame(picture, Face(box, face.landmarks, face.score, face.lips), face.lips)


def _scaled(frame: TalkingFrame, factor: float) -> TalkingFrame:
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    picture = cv2.resize(frame.picture, None, fx=factor, fy=factor, interpolation=method)
    return TalkingFrame(
        np.asarray(picture, np.uint8), frame.face.scaled(factor), frame.lips.scaled(factor)
    )
