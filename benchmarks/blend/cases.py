"""A face at one size, and patches for it that differ from it as a network's do."""

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Box, Landmarks, Picture, Rect, Region
from benchmarks.blend.mouth import Lips, Pose, reshaped
from benchmarks.blend.subjects import Subject
from blending.patch import SIDE, Patch, cut

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

MARGIN = 0.25  # of the face's width, kept around it
SOFTNESS = 0.6  # patch pixels: how a network blurs
CONTRAST = 0.95  # and how it flattens
LEAST_SHIFT, MOST_SHIFT = 2.0, 6.0  # levels, per channel
NOISE = 0.5  # levels to each side, from frame to frame
TREMBLE = 0.002  # of the face's width: how a landmark wanders from frame to frame
OTHER = 20.0  # levels: by so much the new mouth differs from the old
SAME = 4.0  # levels: skin that moves by less counts as unmoved


@dataclass(frozen=True)
class Case:
    """Everything that is known of a face that gets a new mouth."""

    name: str
    box: Box
    landmarks: Landmarks
    face: Region  # with the old mouth; whole levels
    truth: Region  # with the new one, as a camera had seen it
    source: Picture  # (96, 96, 3) the face
    clean: Picture  # (96, 96, 3) the truth
    given: Picture  # (96, 96, 3) what a network makes of it

    @property
    def pixel(self) -> float:
        """The width of a patch's pixel in the frame."""
        return self.box.width / SIDE

    @property
    def rect(self) -> Rect:
        height, width = self.face.shape[:2]
        return Rect(0, height, 0, width)

    @cached_property
    def pasted(self) -> Region:
        """The whole patch at its place: what was made to be shown."""
        return Patch.placed(self.given, self.box, self.rect, self.source).onto(self.face)

    @cached_property
    def mouth(self) -> Bools:
        """Where the new mouth is another than the old; hairs that moved do not count."""
        lips = _ellipse(self.landmarks, self.face, 1.25, 1.0)
        apart = np.abs(_blurred(self.truth - self.face, self.pixel)).max(axis=2)
        return np.asarray(lips & (apart > OTHER))

    @cached_property
    def changed(self) -> Bools:
        """Where anything moved, and a little around it."""
        apart = np.abs(self.truth - self.face).max(axis=2)
        return _widened(_blurred(apart, self.pixel) > SAME, 2 * self.pixel)


@dataclass(frozen=True)
class Clip:
    """A still face that speaks: a patch and landmarks for every frame."""

    patches: tuple[Picture, ...]
    landmarks: tuple[Landmarks, ...]
    changed: Bools  # in the frame: where the mouth moves in any of them


def case_of(subject: Subject, size: int) -> Case:
    """The subject with a face `size` pixels wide."""
    face, truth, box, landmarks = _at_size(subject, size)
    rect = Rect(0, face.shape[0], 0, face.shape[1])
    source, clean = cut(face, rect, box), cut(truth, rect, box)
    shift = _shift(np.random.default_rng(len(subject.name)))
    given = as_generated(clean, shift, np.zeros(clean.shape, np.float32))
    return Case(subject.name, box, landmarks, face, truth, source, clean, given)


def clip_of(case: Case, frames: int) -> Clip:
    """The mouth opens and closes once; colour, noise and landmarks differ in every frame."""
    rng = np.random.default_rng(5)
    signs = np.sign(_shift(np.random.default_rng(len(case.name))))
    square = Box(0, SIDE, 0, SIDE)
    points = case.landmarks.mapped(Affine.square_to_box(SIDE, case.box).inverse())
    lips = Lips.of(case.source, square, points)
    poses = (Pose(drop=0.4 * math.sin(math.pi * i / frames) ** 2) for i in range(frames))
    clean = [reshaped(case.source, lips, pose) for pose in poses]
    patches = [_shaken(picture, signs, rng) for picture in clean]
    trembling = [_trembling(case, rng) for _ in range(frames)]
    return Clip(tuple(patches), tuple(trembling), _moving(case, clean))


def as_generated(clean: Picture, shift: Floats, noise: Floats) -> Picture:
    """Softer, flatter and of another colour."""
    soft = cv2.GaussianBlur(clean.astype(np.float32), (0, 0), SOFTNESS)
    middle = soft.mean(axis=(0, 1))
    made = middle + np.float32(CONTRAST) * (soft - middle) + shift + noise
    return np.asarray(np.clip(np.rint(made), 0, 255), np.uint8)


def _shift(rng: np.random.Generator) -> Floats:
    """BGR, each in its own direction."""
    signs = rng.permutation(np.array([-1.0, 1.0, 1.0]))
    return (signs * rng.uniform(LEAST_SHIFT, MOST_SHIFT, 3)).astype(np.float32)


def _shaken(clean: Picture, signs: Floats, rng: np.random.Generator) -> Picture:
    shift = signs * rng.uniform(LEAST_SHIFT, MOST_SHIFT, 3).astype(np.float32)
    return as_generated(clean, shift, rng.uniform(-NOISE, NOISE, clean.shape).astype(np.float32))


def _trembling(case: Case, rng: np.random.Generator) -> Landmarks:
    points = case.landmarks.points()
    return Landmarks.of(points + rng.normal(0, TREMBLE * case.box.width, points.shape))


def _moving(case: Case, clean: list[Picture]) -> Bools:
    frames = np.stack(clean).astype(np.float32)
    apart = np.asarray(np.abs(frames - case.source).max(axis=(0, 3)), np.float32)
    placed = Patch.placed(case.source, case.box, case.rect, case.source)
    seen = placed.warped(apart[:, :, None], case.face).reshape(case.face.shape[:2])
    return _widened(seen > SAME, 2 * case.pixel)


def _at_size(subject: Subject, size: int) -> tuple[Region, Region, Box, Landmarks]:
    """The pictures around the face, with the same texture laid over both."""
    box = subject.face.box
    margin = MARGIN * box.width
    height, width = subject.picture.shape[:2]
    rect = box.padded(margin, margin, margin, margin).inside(width, height)
    if rect is None:
        raise ValueError(f"the face lies outside its picture: {box}")
    scale = size / box.width
    new = (round(rect.size[0] * scale), round(rect.size[1] * scale))
    place = Affine(new[0] / rect.size[0], 0, 0, 0, new[1] / rect.size[1], 0)
    place = Affine.shift(-rect.left, -rect.top).then(place)
    grain = _grain(new, subject.grain)
    face, truth = (
        np.clip(np.rint(_resized(p[rect.slices], new) + grain), 0, 255).astype(np.float32)
        for p in (subject.picture, subject.truth)
    )
    corners = place(np.array([[box.left, box.top], [box.right, box.bottom]]))
    (left, top), (right, bottom) = corners.tolist()
    return face, truth, Box(top, bottom, left, right), subject.face.landmarks.mapped(place)


def _resized(picture: Picture, size: tuple[int, int]) -> Region:
    by = cv2.INTER_AREA if size[0] < picture.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture.astype(np.float32), size, interpolation=by), np.float32)


def _grain(size: tuple[int, int], levels: float) -> Floats:
    """(height, width, 1): pores, between one and a few pixels wide."""
    white = np.random.default_rng(11).normal(size=size[::-1]).astype(np.float32)
    band = cv2.GaussianBlur(white, (0, 0), 0.7) - cv2.GaussianBlur(white, (0, 0), 2.2)
    return np.asarray(levels * band / band.std(), np.float32)[:, :, None]


def _ellipse(landmarks: Landmarks, face: Region, wide: float, tall: float) -> Bools:
    """Around the mouth, in halves of its width."""
    half = landmarks.mouth_width / 2
    x, y = landmarks.mouth_centre
    shape = np.zeros(face.shape[:2], np.uint8)
    axes = (round(wide * half), round(tall * half))
    turn = math.degrees(landmarks.roll)
    cv2.ellipse(shape, (round(x), round(y + 0.2 * half)), axes, turn, 0, 360, 1, -1)
    return shape.astype(np.bool_)


def _blurred(values: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32)


def _widened(where: Bools, by: float) -> Bools:
    side = 2 * math.ceil(by) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.dilate(where.astype(np.uint8), kernel), np.bool_)
