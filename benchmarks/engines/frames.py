"""The frames that the engines get: the demo's portrait and windows of the demo's speech."""

from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from audio.load import load_sound
from audio.windows import windows_of
from base.generator import SIDE, Batch
from base.geometry import Affine, Picture, Rect
from benchmarks.material.clips import PORTRAIT
from benchmarks.material.sound import SPEECH
from blending.masks import MaskShape
from blending.methods import BlendSettings
from faces.detector import DetectorSettings
from faces.detectors import DETECTORS
from faces.face import Face, FaceTrack
from pipeline.visible import visible_rect
from video.still import read_picture

FIRST_WINDOW = 25  # frames into the speech, where somebody speaks
REGION_SIZES = (0.6, 0.4)  # of --mouth_region_size


@dataclass(frozen=True)
class Subject:
    """A face in its picture."""

    picture: Picture
    face: Face


def load_subject() -> Subject:
    picture = read_picture(PORTRAIT)
    face = DETECTORS["mtcnn"](DetectorSettings()).detect(picture)[0]
    return Subject(picture, face)


def make_batch(subject: Subject, count: int) -> Batch:
    """So many frames in a row; the face trembles, so that no two are the same."""
    windows = windows_of(load_sound(SPEECH), Fraction(25))
    indices = np.arange(FIRST_WINDOW, FIRST_WINDOW + count) % len(windows)
    mels = np.concatenate([windows.slice(int(i), int(i) + 1) for i in indices])
    shifts = np.random.default_rng(3).normal(0, 0.5, (count, 2))
    box_to_patch = Affine.square_to_box(SIDE, subject.face.box).inverse()
    maps = [box_to_patch.then(Affine.shift(*shift)) for shift in shifts.tolist()]
    size = SIDE, SIDE
    faces = [cv2.warpAffine(subject.picture, to_patch.warp_matrix(), size) for to_patch in maps]
    points = [subject.face.landmarks.mapped(to_patch).points() for to_patch in maps]
    return Batch(mels, np.stack(faces).astype(np.uint8), np.stack(points).astype(np.float32))


def select_frames(batch: Batch, indices: NDArray[np.int64]) -> Batch:
    """The frames with these indices, in their order."""
    return Batch(batch.mels[indices], batch.faces[indices], batch.landmarks[indices])


def visible_parts(subject: Subject) -> dict[str, Rect]:
    """The visible rect of a patch for each --mouth_region_size, by a name."""
    return {f"region {size:g}": _visible_rect(subject, size) for size in REGION_SIZES}


def _visible_rect(subject: Subject, size: float) -> Rect:
    height, width = subject.picture.shape[:2]
    settings = BlendSettings(shape=MaskShape(size))
    return visible_rect(FaceTrack.of([subject.face]), settings, width, height)
