"""The faces of the benchmark: three that come with the project, or the user's own pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from base.errors import InputError, NoFaceError
from base.geometry import Picture
from base.lips import Lips
from benchmarks.blend.hair import draw_beard
from benchmarks.blend.true_mouth import MouthMap, MouthPose, draw_mouth
from faces.detector import Detector, DetectorSettings
from faces.detectors import DETECTORS
from faces.face import Face
from faces.lips import see_steadily
from faces.view import Square, View
from video.shape import Shape
from video.source import open_source

PORTRAIT = Path(__file__).parents[2] / "demo" / "portrait.png"
DETECTOR_SIDE = 640  # pixels: longer side of the picture that the detector gets
ENLARGEMENT = 3  # times the portrait: its face is 512 pixels wide then
MARGIN = 0.5  # of the face's width: how much of the portrait is kept around it
ROLL = 15.0  # degrees
CHIN = 0.04  # of the face's width: what --pads adds below a face of 256 pixels


@dataclass(frozen=True)
class Subject:
    """A picture with a face, and the same picture with its true new mouth."""

    name: str
    picture: Picture
    truth: Picture
    face: Face
    lips: Lips
    grain: float  # levels of texture added at the final size: enlarging leaves none

    def __post_init__(self) -> None:
        if self.picture.shape != self.truth.shape:
            raise ValueError(f"two pictures of one face differ in size: {self.name}")


def load_subjects(pictures: Sequence[Path]) -> list[Subject]:
    """The user's pictures, or the project's three faces."""
    detector = DETECTORS["mtcnn"](DetectorSettings())
    if pictures:
        return [_with_open_mouth(path.stem, read_face(path), detector) for path in pictures]
    whole = read_face(PORTRAIT)
    box = largest_face(whole, detector, PORTRAIT.name).box
    margin = MARGIN * box.width
    rect = box.padded(margin, margin, margin, margin).inside(whole.shape[1], whole.shape[0])
    original = _enlarged(whole[rect.slices] if rect else whole)
    return [make(original, detector) for make in FACES.values()]


def read_face(path: Path) -> Picture:
    return open_source(path, Shape(), Fraction(25)).first.picture()


def portrait(picture: Picture, detector: Detector) -> Subject:
    """The portrait as it is: a smile that opens."""
    return _with_open_mouth("portrait", picture, detector)


def mustache(picture: Picture, detector: Detector) -> Subject:
    """Mirrored and in evening light: lips closed under a mustache, which part."""
    mirrored = np.ascontiguousarray(picture[:, ::-1])
    closed, face = _with_pose(mirrored, MouthPose(), detector, "mustache")
    hairy = draw_beard(_light_from_side(closed), face.landmarks)
    speaking, _ = _with_pose(hairy, MouthPose(drop=0.4), detector, "mustache")
    return _subject("mustache", hairy, speaking, 2.5, detector)


def turned(picture: Picture, detector: Detector) -> Subject:
    """The head tilted, a broader face on a coarse old film: a smile that closes."""
    narrow = MouthPose(drop=0.04, narrow=0.12)
    closing, face = _with_pose(picture, narrow, detector, "turned")
    before, after = (_as_film(_tilt(_broaden(p, face), face)) for p in (picture, closing))
    return _subject("turned", before, after, 6.0, detector)


FACES: dict[str, Callable[[Picture, Detector], Subject]] = {
    "portrait": portrait,
    "mustache": mustache,
    "turned": turned,
}


def largest_face(picture: Picture, detector: Detector, name: str) -> Face:
    """The largest face, detected in a reduced copy."""
    scale = min(DETECTOR_SIDE / max(picture.shape[:2]), 1.0)
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    faces = detector.detect(np.ascontiguousarray(small, np.uint8))
    if not faces:
        raise NoFaceError(f"{name}: no face found; take a picture with a face seen from the front")
    face = max(faces, key=lambda face: face.box.width * face.box.height)
    return face.scaled(1 / scale)


def seen_lips(picture: Picture, face: Face, name: str) -> Lips:
    """The lips of a detected face, in the picture's pixels."""
    view = View.of(picture)
    mesh = see_steadily(view, see_steadily(view, Square.around_face(face)).square)
    if not mesh.is_face:
        raise InputError(f"{name}: no lips are seen; take a face that is seen from the front")
    return mesh.lips


def _with_open_mouth(name: str, picture: Picture, detector: Detector) -> Subject:
    truth, _ = _with_pose(picture, MouthPose(drop=0.5), detector, name)
    return _subject(name, picture, truth, 2.5, detector)


def _with_pose(
    picture: Picture, pose: MouthPose, detector: Detector, name: str
) -> tuple[Picture, Face]:
    """The picture with its mouth in this pose, and the face that it had before."""
    face = largest_face(picture, detector, name)
    mouth_map = MouthMap.of(picture, face.box, seen_lips(picture, face, name))
    return draw_mouth(picture, mouth_map, pose), face


def _subject(
    name: str, picture: Picture, truth: Picture, grain: float, detector: Detector
) -> Subject:
    face = largest_face(picture, detector, name)
    box = face.box.padded(0, CHIN * face.box.width, 0, 0)
    lips = seen_lips(picture, face, name)
    return Subject(name, picture, truth, Face(box, face.landmarks, face.score), lips, grain)


def _enlarged(picture: Picture) -> Picture:
    size = (picture.shape[1] * ENLARGEMENT, picture.shape[0] * ENLARGEMENT)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _light_from_side(picture: Picture) -> Picture:
    across = np.linspace(-1, 1, picture.shape[1], dtype=np.float32)[None, :, None]
    light = np.float32(0.62) - np.float32(0.38) * np.tanh(across * 3)
    warm = np.array([0.70, 0.84, 0.98], np.float32)
    return np.clip(np.rint(picture * light * warm), 0, 255).astype(np.uint8)


def _broaden(picture: Picture, face: Face) -> Picture:
    """The face with a wider jaw: pixels around the mouth are pulled outwards, and eyes moved."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    mx, my = face.landmarks.mouth_centre
    dx, dy = (x - mx) / face.box.width, (y - my) / face.box.height
    pull = 0.30 * np.exp(-((dx / 0.62) ** 4) - (dy / 0.38) ** 2)
    lift = 0.05 * face.box.height * np.exp(-((dx / 0.6) ** 4) - ((dy + 0.5) / 0.2) ** 2)
    source_x = np.asarray(x - pull * dx * face.box.width, np.float32)
    return np.asarray(
        cv2.remap(picture, source_x, np.asarray(y - lift, np.float32), cv2.INTER_CUBIC), np.uint8
    )


def _tilt(picture: Picture, face: Face) -> Picture:
    size = (picture.shape[1], picture.shape[0])
    matrix = cv2.getRotationMatrix2D(face.box.centre, -ROLL, 1.0)
    tilted = cv2.warpAffine(
        picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(tilted, np.uint8)


def _as_film(picture: Picture) -> Picture:
    """The picture almost without colour, cool, and hard in contrast."""
    grey = picture @ np.array([0.114, 0.587, 0.299], np.float32)
    toned = 0.25 * picture + 0.75 * grey[:, :, None] * np.array([1.06, 1.0, 0.95], np.float32)
    curve = 255 / (1 + np.exp(-(toned - 120) / 42))
    return np.clip(np.rint(0.9 * curve), 0, 255).astype(np.uint8)
