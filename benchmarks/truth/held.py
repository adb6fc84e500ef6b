"""Held mouths: a frame gets the mouth of another frame of the same clip, which is the truth."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Box, Mask, Picture, Points, Rect, Region
from base.lips import CONTOURS
from benchmarks.truth.clip import TalkingClip, TalkingFrame
from blending.methods import BlendSettings
from blending.patch import Patch, cut_square
from blending.texture import STEADY, Donors, Texture
from pipeline.donors import MOST, donor_of, unlike_mouths
from video.yuv import Frame

Bools = NDArray[np.bool_]

NEAREST, FARTHEST = 5, 16  # frames between a frame and its held mouth
BESIDE = 10  # frames around the held mouth that lend nothing: they would be the truth itself
TURNED = 0.015  # face widths by which steady points may differ: the head hardly moved
SPOKE = 0.02  # face widths by which the contours differ at least: the mouth moved
AROUND_LIPS = 0.06  # of the mouth's width
SEED = 1


@dataclass(frozen=True, eq=False)
class HeldMouth:
    """A frame's face, and how it would look with the held mouth."""

    box: Box
    face: Region
    truth: Region
    mask: Mask
    patch: Patch
    lips: Bools  # the pixels around the true lips
    steady: Points  # of the face, in the region

    def blended(self, method: str) -> Region:
        region = BlendSettings(method).blend(self.patch, self.face, self.mask, self.box)
        return np.asarray(np.clip(region, 0, 255), np.float32)


def hold_mouth(clip: TalkingClip, index: int, held: int, blur: float) -> HeldMouth:
    """The frame `index` with the mouth of the frame `held`, blurred by so many patch pixels."""
    frame, other = clip.frames[index], clip.frames[held]
    to_frame = _to_face(other, frame)
    true_picture = _warped(other.picture, to_frame, frame.picture.shape)
    outline = BlendSettings().outline(frame.face.box, frame.face.landmarks, frame.lips)
    rect = _inside(outline.bounds, frame.picture)
    mask = outline.mask(rect)
    contours = to_frame(other.lips.points[:CONTOURS].astype(np.float64)) - [rect.left, rect.top]
    lips = frame.lips.mapped(Affine.shift(-rect.left, -rect.top))
    texture = Texture(lips, _donors(clip, index, held))
    pixels, source = _blurred_cut(frame, true_picture, blur), _cut(frame, frame.picture)
    return HeldMouth(
        box=frame.face.box,
        face=frame.picture[rect.slices].astype(np.float32),
        truth=true_picture[rect.slices].astype(np.float32),
        mask=mask,
        patch=Patch.for_box(pixels, frame.face.box, rect, source, texture),
        lips=_around(contours, frame.lips.width, mask),
        steady=lips.mesh(*STEADY),
    )


def typical_pairs(clip: TalkingClip, count: int) -> Iterator[tuple[int, int]]:
    """Frames and their held mouths: the head hardly moved in between, and the mouth did."""
    rng = np.random.default_rng(SEED)
    last = len(clip.frames) - FARTHEST
    tries = ((int(rng.integers(last)), int(rng.integers(NEAREST, FARTHEST))) for _ in range(3000))
    pairs = ((first, first + gap) for first, gap in tries)
    fitting = (pair for pair in pairs if _fits(clip.frames[pair[0]], clip.frames[pair[1]]))
    for number, (first, second) in enumerate(fitting):
        if number == count:
            return
        yield (first, second) if number % 2 else (second, first)


def _fits(one: TalkingFrame, other: TalkingFrame) -> bool:
    to_one, width = _to_face(other, one), one.face.box.width
    steady = to_one(other.lips.mesh(*STEADY)) - one.lips.mesh(*STEADY)
    contours = other.lips.points[:CONTOURS].astype(np.float64)
    moved = to_one(contours) - one.lips.points[:CONTOURS]
    return _length(steady) < TURNED * width and _length(moved) > SPOKE * width


def _length(offsets: NDArray[np.float64]) -> float:
    return math.sqrt(float(np.square(offsets).sum(1).mean()))


def _to_face(frame: TalkingFrame, other: TalkingFrame) -> Affine:
    return Affine.similarity(frame.lips.mesh(*STEADY), other.lips.mesh(*STEADY))


def _donors(clip: TalkingClip, index: int, held: int) -> Donors | None:
    allowed = [
        frame
        for number, frame in enumerate(clip.frames)
        if abs(number - held) > BESIDE and number != index
    ]
    chosen = [allowed[row] for row in unlike_mouths([frame.lips for frame in allowed], MOST)]
    donors = [donor_of(Frame.of_picture(one.picture), one.face, one.lips) for one in chosen]
    return Donors.of([donor for donor in donors if donor is not None])


def _inside(box: Box, picture: Picture) -> Rect:
    rect = box.inside(picture.shape[1], picture.shape[0])
    if rect is None:
        raise ValueError(f"the face lies outside its frame: {box}")
    return rect


def _cut(frame: TalkingFrame, picture: Picture) -> Picture:
    rect = _inside(frame.face.box, picture)
    return cut_square(picture[rect.slices].astype(np.float32), rect, frame.face.box)


def _blurred_cut(frame: TalkingFrame, picture: Picture, blur: float) -> Picture:
    square = _cut(frame, picture)
    if blur == 0:
        return square
    soft = cv2.GaussianBlur(square.astype(np.float32), (0, 0), blur)
    return np.asarray(np.clip(np.rint(soft), 0, 255), np.uint8)


def _warped(picture: Picture, by: Affine, shape: tuple[int, ...]) -> Picture:
    warped = cv2.warpAffine(
        picture,
        by.warp_matrix(),
        (shape[1], shape[0]),
        flags=cv2.INTER_LANCZOS4,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(warped, np.uint8)


def _around(contours: NDArray[np.float64], mouth_width: float, mask: Mask) -> Bools:
    lips = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(lips, cv2.convexHull(np.rint(contours).astype(np.int32)), 1)
    side = 2 * round(AROUND_LIPS * mouth_width) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray((cv2.dilate(lips, kernel) > 0) & (mask > 0.9))
