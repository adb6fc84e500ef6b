"""What the engines are given: the kept portrait and what it hears of the kept speech."""

from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from audio.load import load
from audio.windows import windows_of
from base.geometry import Affine, Box, Picture, Rect
from benchmarks.material.clips import PORTRAIT
from benchmarks.material.sound import SPEECH
from blending.masks import MaskShape
from blending.methods import Look
from faces.detector import DetectorSettings
from faces.detectors import DETECTORS
from faces.face import Face, FaceTrack
from pipeline.visible import shown_part
from video.still import read_picture
from wav2lip.generators.batch import SIDE, Batch

START = 25  # frames into the speech: somebody speaks there
REGIONS = (0.6, 0.4)  # of --mouth_region_size


@dataclass(frozen=True)
class Subject:
    """A face in its picture."""

    picture: Picture
    face: Face


def subject() -> Subject:
    picture = read_picture(PORTRAIT)
    face = DETECTORS["mtcnn"](DetectorSettings()).detect(picture)[0]
    return Subject(picture, face)


def batch_of(one: Subject, count: int) -> Batch:
    """So many frames in a row; the face trembles, so that no two are the same."""
    sound = windows_of(load(SPEECH), Fraction(25))
    places = np.arange(START, START + count) % len(sound)
    mels = np.concatenate([sound.batch(int(i), int(i) + 1) for i in places])
    trembling = np.random.default_rng(3).normal(0, 0.5, (count, 2))
    maps = [_to_patch(one.face.box).then(Affine.shift(*shift)) for shift in trembling.tolist()]
    faces = [cv2.warpAffine(one.picture, to.warp_matrix(), (SIDE, SIDE)) for to in maps]
    points = [one.face.landmarks.mapped(to).points() for to in maps]
    return Batch(mels, np.stack(faces).astype(np.uint8), np.stack(points).astype(np.float32))


def part(batch: Batch, places: NDArray[np.int64]) -> Batch:
    """The frames of these places, in their order."""
    return Batch(batch.mels[places], batch.faces[places], batch.landmarks[places])


def shown_parts(one: Subject) -> dict[str, Rect]:
    """What the production look shows of a patch, by --mouth_region_size."""
    return {f"region {size:g}": _shown(one, size) for size in REGIONS}


def _shown(one: Subject, size: float) -> Rect:
    height, width = one.picture.shape[:2]
    return shown_part(FaceTrack.of([one.face]), Look(shape=MaskShape(size)), width, height)


def _to_patch(box: Box) -> Affine:
    return Affine.square_to_box(SIDE, box).inverse()
