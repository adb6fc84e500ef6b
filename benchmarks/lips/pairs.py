"""A result beside its source, the lips seen in both, frame by frame."""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from base.errors import NoFaceError
from base.geometry import Box, Picture, Rect
from benchmarks.runs.process import RunError
from faces.detector import Detector, DetectorSettings
from faces.detectors import load_mtcnn
from faces.lips import SIDE, Mesh, Square, see_lips
from faces.shots import detect_shots
from faces.view import View
from quality.mouth_pair import MouthPair
from video.shape import Shape
from video.source import Source, open_source
from video.yuv import Frame

ENDLESS = 1 << 62  # frames
DETECTOR_SIDE = 640  # pixels: frames are reduced to this before faces are looked for
THUMBNAIL = 160  # pixels: enough to see a cut


@dataclass(frozen=True, eq=False)
class LipsPair(MouthPair):
    """The face in a frame of the result and in the source's frame at that time."""

    time: float  # seconds
    starts_shot: bool
    origin: tuple[int, int] = (0, 0)  # x, y of the part in the frame


def lips_pairs(result: Path, face: Path, still_fps: Fraction) -> Iterator[LipsPair | None]:
    """A pair for every frame of the result; none where the source shows no face."""
    source, finished = (open_source(path, Shape(), still_fps) for path in (face, result))
    sizes = {(clip.width, clip.height) for clip in (source, finished)}
    if len(sizes) > 1 or (not source.still and source.fps != finished.fps):
        raise RunError(f"{result.name} has neither the size nor the rate of {face.name}")
    eye = LipsEye()
    for index, (before, after, starts_shot) in enumerate(aligned(source, finished)):
        time = float(index / finished.fps)
        yield eye.pair(before, after, time, starts_shot)


def aligned(source: Source, result: Source) -> Generator[tuple[Frame, Frame, bool], None, None]:
    """Every frame of the result behind the source's at that time, and whether a shot begins."""
    with closing(source.looped(ENDLESS, "repeat")) as looped, closing(result.frames()) as frames:
        last, thumbnails = -1, Thumbnails()
        for after, (place, before) in zip(frames, looped, strict=False):
            cut = thumbnails.is_cut(before) if place != last else False
            yield before, after, cut or place < last or last < 0
            last = place


class Thumbnails:
    """Small pictures of a clip, one after another, in which cuts are seen."""

    def __init__(self) -> None:
        self._waiting: list[Picture] = []
        self._shots = detect_shots(self._pictures())

    def is_cut(self, frame: Frame) -> bool:
        """Whether a shot begins with this frame, the next after the last."""
        self._waiting.append(frame.downscaled(THUMBNAIL)[0])
        return next(self._shots)[1]

    def _pictures(self) -> Iterator[View]:
        while self._waiting:
            yield View.of(self._waiting.pop())


@dataclass(frozen=True, eq=False)
class SeenFace:
    """A face's mesh, and the part of a frame in which it was seen."""

    rect: Rect
    square: Square  # in the part's pixels
    part: Picture
    mesh: Mesh

    @property
    def next_square(self) -> Square:
        """Around the mesh, in the frame's pixels."""
        corner = np.array([self.rect.left, self.rect.top], np.float32)
        return Square.around_mesh(self.mesh.points + corner)


class LipsEye:
    """Sees the lips of one person from frame to frame; the crop follows the source's last mesh."""

    def __init__(self) -> None:
        self._detector: Detector = load_mtcnn(DetectorSettings())
        self._frame: Frame | None = None
        self._face: SeenFace | None = None  # in the source's last frame

    def pair(self, before: Frame, after: Frame, time: float, starts_shot: bool) -> LipsPair | None:
        """The lips in both frames, seen through the same square; none without a face."""
        if before is not self._frame:
            self._frame, self._face = before, self._look(before, starts_shot)
        face = self._face
        if face is None:
            return None
        result = part_of(after, face.rect)
        lips = see_lips(result, face.square).lips
        origin = face.rect.left, face.rect.top
        seen = face.part, result, face.mesh.lips, lips
        return LipsPair(*seen, time, starts_shot, origin)

    def _look(self, frame: Frame, anew: bool) -> SeenFace | None:
        """Where the last mesh was, else where the detector finds a face."""
        last = None if anew else self._face
        face = None if last is None else see_in(frame, last.next_square)
        return face or find_face(frame, self._detector)


def see_in(frame: Frame, square: Square) -> SeenFace | None:
    """The mesh in a square of the frame; none where it is no face."""
    rect = bounds(square, frame)
    if rect is None:
        return None
    part, (x, y) = part_of(frame, rect), square.centre
    inside = replace(square, centre=(x - rect.left, y - rect.top))
    mesh = see_lips(part, inside)
    return SeenFace(rect, inside, part, mesh) if mesh.is_face else None


def find_face(frame: Frame, detector: Detector) -> SeenFace | None:
    """The largest face in the frame whose mesh is a face's, seen again around that mesh."""
    picture, scale = frame.downscaled(DETECTOR_SIDE)
    faces = sorted(detector.detect(picture), key=lambda face: -face.box.width * face.box.height)
    squares = (Square.around_face(face.scaled(1 / scale)) for face in faces)
    first = next(filter(None, (see_in(frame, square) for square in squares)), None)
    return None if first is None else see_in(frame, first.next_square)


def bounds(square: Square, frame: Frame) -> Rect | None:
    """The pixels of the frame around a turned square; none outside it."""
    corners = square.to_picture(np.array([[0, 0], [0, SIDE], [SIDE, 0], [SIDE, SIDE]], np.float64))
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    fits = top < bottom and left < right
    return Box(top, bottom, left, right).inside(frame.width, frame.height) if fits else None


def part_of(frame: Frame, rect: Rect) -> Picture:
    return np.asarray(cv2.convertScaleAbs(np.maximum(frame.region(rect), 0)), np.uint8)


def first_lips(face: Path, still_fps: Fraction) -> LipsPair:
    """The first frame of a source beside itself; NoFaceError where no face is seen."""
    frame = open_source(face, Shape(), still_fps).first
    pair = LipsEye().pair(frame, frame, 0.0, True)
    if pair is None:
        raise NoFaceError(f"{face}: no face is seen in its first frame")
    return pair
