"""A face at one size with its true new mouth, and patches that differ from it as a network's do."""

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Box, Landmarks, Picture, Rect, Region
from base.lips import Lips
from benchmarks.blend.subjects import Subject
from benchmarks.blend.true_mouth import MouthMap, MouthPose, draw_mouth
from blending.patch import SIDE, Patch, cut_square
from blending.texture import Texture

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

MARGIN = 0.25  # of the face's width, kept around it
BLUR_SIGMA = 0.6  # patch pixels: how a network blurs
CONTRAST = 0.95  # of the true face's: how a network flattens
LEAST_SHIFT, MOST_SHIFT = 2.0, 6.0  # levels, per channel: how a network tints
NOISE = 0.5  # levels to each side, from frame to frame
TREMBLE = 0.002  # of the face's width: how a landmark wanders from frame to frame
NEW_MOUTH = 20.0  # levels: the mouth is new where it differs from the old by more
UNMOVED = 4.0  # levels: skin that changes by less counts as unmoved


@dataclass(frozen=True)
class Case:
    """Everything that is known of a face that gets a new mouth."""

    name: str
    box: Box
    landmarks: Landmarks
    lips: Lips  # of the old mouth
    region: Region  # the face with the old mouth; whole levels
    true_region: Region  # with the new mouth, as a camera would have seen it
    source_face: Picture  # (96, 96, 3) of the region
    true_face: Picture  # (96, 96, 3) of the true region
    patch: Picture  # (96, 96, 3) the true face as a network would generate it

    @property
    def patch_pixel(self) -> float:
        """The width of a patch's pixel in the frame."""
        return self.box.width / SIDE

    @property
    def rect(self) -> Rect:
        height, width = self.region.shape[:2]
        return Rect(0, height, 0, width)

    @cached_property
    def pasted(self) -> Region:
        """The whole patch at its place in the frame, as it was generated."""
        return self.placed(self.patch, self.rect).warp_pixels(self.region)

    def placed(self, pixels: Picture, rect: Rect) -> Patch:
        """A generated face, to be blended into these pixels of the region, as those of a still."""
        lips = self.lips.mapped(Affine.shift(-rect.left, -rect.top))
        return Patch.for_box(pixels, self.box, rect, self.source_face, Texture(lips))

    @cached_property
    def mouth(self) -> Bools:
        """The pixels where the new mouth differs from the old; hairs that moved do not count."""
        lips = _mouth_ellipse(self.landmarks, self.region, 1.25, 1.0)
        change = np.abs(_blurred(self.true_region - self.region, self.patch_pixel)).max(axis=2)
        return np.asarray(lips & (change > NEW_MOUTH))

    @cached_property
    def moved(self) -> Bools:
        """The pixels where anything moved, and a little around them."""
        change = np.abs(self.true_region - self.region).max(axis=2)
        return _dilated(_blurred(change, self.patch_pixel) > UNMOVED, 2 * self.patch_pixel)


@dataclass(frozen=True)
class PatchClip:
    """A still face that speaks: a patch and landmarks for every frame."""

    patches: tuple[Picture, ...]
    landmarks: tuple[Landmarks, ...]
    moved: Bools  # the frame's pixels that move in any of them


def make_case(subject: Subject, size: int) -> Case:
    """The subject with a face `size` pixels wide."""
    region, true_region, to_region = _resize_subject(subject, size)
    box = _mapped_box(subject.face.box, to_region)
    landmarks, lips = subject.face.landmarks.mapped(to_region), subject.lips.mapped(to_region)
    rect = Rect(0, region.shape[0], 0, region.shape[1])
    source_face, true_face = cut_square(region, rect, box), cut_square(true_region, rect, box)
    shift = _colour_shift(np.random.default_rng(len(subject.name)))
    patch = degrade(true_face, shift, np.zeros(true_face.shape, np.float32))
    faces = source_face, true_face, patch
    return Case(subject.name, box, landmarks, lips, region, true_region, *faces)


def make_patch_clip(case: Case, frames: int) -> PatchClip:
    """The mouth opens and closes once; colour, noise and landmarks differ in every frame."""
    rng = np.random.default_rng(5)
    signs = np.sign(_colour_shift(np.random.default_rng(len(case.name))))
    square = Box(0, SIDE, 0, SIDE)
    lips = case.lips.mapped(Affine.square_to_box(SIDE, case.box).inverse())
    mouth_map = MouthMap.of(case.source_face, square, lips)
    poses = (MouthPose(drop=0.4 * math.sin(math.pi * i / frames) ** 2) for i in range(frames))
    true_faces = [draw_mouth(case.source_face, mouth_map, pose) for pose in poses]
    patches = [_degrade_randomly(face, signs, rng) for face in true_faces]
    landmarks = [_trembling(case, rng) for _ in range(frames)]
    return PatchClip(tuple(patches), tuple(landmarks), _moved_pixels(case, true_faces))


def degrade(face: Picture, shift: Floats, noise: Floats) -> Picture:
    """The true face as a network would generate it: softer, flatter and of another colour."""
    soft = cv2.GaussianBlur(face.astype(np.float32), (0, 0), BLUR_SIGMA)
    mean = soft.mean(axis=(0, 1))
    degraded = mean + np.float32(CONTRAST) * (soft - mean) + shift + noise
    return np.asarray(np.clip(np.rint(degraded), 0, 255), np.uint8)


def _colour_shift(rng: np.random.Generator) -> Floats:
    """A shift of BGR, not all in one direction."""
    signs = rng.permutation(np.array([-1.0, 1.0, 1.0]))
    return (signs * rng.uniform(LEAST_SHIFT, MOST_SHIFT, 3)).astype(np.float32)


def _degrade_randomly(face: Picture, signs: Floats, rng: np.random.Generator) -> Picture:
    shift = signs * rng.uniform(LEAST_SHIFT, MOST_SHIFT, 3).astype(np.float32)
    return degrade(face, shift, rng.uniform(-NOISE, NOISE, face.shape).astype(np.float32))


def _trembling(case: Case, rng: np.random.Generator) -> Landmarks:
    points = case.landmarks.points()
    return Landmarks.of(points + rng.normal(0, TREMBLE * case.box.width, points.shape))


def _moved_pixels(case: Case, true_faces: list[Picture]) -> Bools:
    """The frame's pixels that move in any of these 96x96 faces."""
    frames = np.stack(true_faces).astype(np.float32)
    change = np.asarray(np.abs(frames - case.source_face).max(axis=(0, 3)), np.float32)
    patch = case.placed(case.source_face, case.rect)
    warped = patch.warp(change[:, :, None], case.region).reshape(case.region.shape[:2])
    return _dilated(warped > UNMOVED, 2 * case.patch_pixel)


def _resize_subject(subject: Subject, size: int) -> tuple[Region, Region, Affine]:
    """Both pictures around the face at this size, with the same grain, and the way there."""
    box = subject.face.box
    margin = MARGIN * box.width
    height, width = subject.picture.shape[:2]
    rect = box.padded(margin, margin, margin, margin).inside(width, height)
    if rect is None:
        raise ValueError(f"the face lies outside its picture: {box}")
    scale = size / box.width
    new_size = (round(rect.size[0] * scale), round(rect.size[1] * scale))
    to_region = Affine(new_size[0] / rect.size[0], 0, 0, 0, new_size[1] / rect.size[1], 0)
    to_region = Affine.shift(-rect.left, -rect.top).then(to_region)
    grain = _grain(new_size, subject.grain)
    region, true_region = (
        np.clip(np.rint(_resized(p[rect.slices], new_size) + grain), 0, 255).astype(np.float32)
        for p in (subject.picture, subject.truth)
    )
    return region, true_region, to_region


def _mapped_box(box: Box, by: Affine) -> Box:
    corners = by(np.array([[box.left, box.top], [box.right, box.bottom]]))
    (left, top), (right, bottom) = corners.tolist()
    return Box(top, bottom, left, right)


def _resized(picture: Picture, size: tuple[int, int]) -> Region:
    method = cv2.INTER_AREA if size[0] < picture.shape[1] else cv2.INTER_CUBIC
    resized = cv2.resize(picture.astype(np.float32), size, interpolation=method)
    return np.asarray(resized, np.float32)


def _grain(size: tuple[int, int], levels: float) -> Floats:
    """(height, width, 1): texture like pores, between one and a few pixels wide."""
    white = np.random.default_rng(11).normal(size=size[::-1]).astype(np.float32)
    band = cv2.GaussianBlur(white, (0, 0), 0.7) - cv2.GaussianBlur(white, (0, 0), 2.2)
    return np.asarray(levels * band / band.std(), np.float32)[:, :, None]


def _mouth_ellipse(landmarks: Landmarks, region: Region, wide: float, tall: float) -> Bools:
    """The pixels of an ellipse around the mouth, its half axes in halves of the mouth's width."""
    half = landmarks.mouth_width / 2
    x, y = landmarks.mouth_centre
    ellipse = np.zeros(region.shape[:2], np.uint8)
    axes = (round(wide * half), round(tall * half))
    angle = math.degrees(landmarks.roll)
    cv2.ellipse(ellipse, (round(x), round(y + 0.2 * half)), axes, angle, 0, 360, 1, -1)
    return ellipse.astype(np.bool_)


def _blurred(values: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32)


def _dilated(where: Bools, reach: float) -> Bools:
    side = 2 * math.ceil(reach) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.dilate(where.astype(np.uint8), kernel), np.bool_)
