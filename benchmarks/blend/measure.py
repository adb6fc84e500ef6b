"""A way to lay a mouth in, looked at on one case."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Protocol

import cv2
import numpy as np

from base.geometry import Box, Landmarks, Mask, Picture, Rect, Region
from benchmarks.blend import scores
from benchmarks.blend.cases import Bools, Case, Clip
from blending.masks import Outline
from blending.patch import Patch

CHEEK = 0.12  # of the face's width: side of the square that is looked at on each


class Laying(Protocol):
    """A look: what is judged here."""

    def outline(self, box: Box, landmarks: Landmarks) -> Outline: ...

    def laid(self, patch: Patch, face: Region, mask: Mask, box: Box) -> Region: ...


@dataclass(frozen=True)
class Row:
    """One method on one face at one size; `scores` tells what each figure is."""

    method: str
    size: int
    face: str
    seam: float
    coverage: float
    double_mouth: float  # share of the old mouth where it shows most
    sharpness: float
    gradient: float
    halo: float
    colour_step: float
    texture: float
    outside: float
    flicker: float
    ms: float


@dataclass(frozen=True)
class Laid:
    """A frame with its new mouth, and the mask, both as large as the frame."""

    frame: Region
    mask: Mask


def row(look: Laying, size: int, case: Case, clip: Clip, method: str) -> Row:
    """Everything about it; timed last, when it is known that the result is one."""
    laid = laid_in(look, case, case.given, case.landmarks)
    out, mask, changed, pixel = laid.frame, laid.mask, case.changed, case.pixel
    share, worst = scores.coverage(out, case.face, case.pasted, case.mouth, pixel)
    return Row(
        method=method,
        size=size,
        face=case.name,
        seam=scores.seam(out, case.face, mask, changed),
        coverage=share,
        double_mouth=1 - worst,
        sharpness=scores.sharpness(out, case.face, case.mouth, cheeks(case), pixel),
        gradient=scores.gradient(out, case.face, case.mouth, cheeks(case)),
        halo=scores.halo(out, case.pasted, case.mouth, pixel),
        colour_step=scores.colour_step(out, case.face, mask, changed, pixel),
        texture=scores.texture(out, case.face, mask, changed, pixel),
        outside=scores.outside(out, case.face, mask),
        flicker=flicker(look, case, clip),
        ms=milliseconds(look, case, clip),
    )


def laid_in(look: Laying, case: Case, made: Picture, landmarks: Landmarks) -> Laid:
    """As the pipeline does it, on a whole frame."""
    outline = look.outline(case.box, landmarks)
    rect = _inside(outline, case.face)
    mask = np.zeros(case.face.shape[:2], np.float32)
    mask[rect.slices] = outline.mask(rect)
    region = case.face[rect.slices].copy()
    patch = Patch.placed(made, case.box, rect, case.source)
    new = look.laid(patch, region, mask[rect.slices], case.box)
    if new.shape != region.shape or not np.isfinite(new).all():
        raise ValueError(f"no picture of {region.shape} came back, but {new.shape}")
    frame = case.face.copy()
    frame[rect.slices] = new
    return Laid(frame, mask)


def flicker(look: Laying, case: Case, clip: Clip) -> float:
    """Of what lies inside the mask and does not move."""
    laid = [
        laid_in(look, case, patch, landmarks)
        for patch, landmarks in zip(clip.patches, clip.landmarks, strict=True)
    ]
    inside = np.mean([one.mask for one in laid], axis=0) > 0.1
    return scores.flicker([one.frame for one in laid], inside & ~clip.changed)


def milliseconds(look: Laying, case: Case, clip: Clip) -> float:
    """A frame's median on one core, from the patch to the region; no mask is asked for twice."""
    with one_core():
        seconds = [
            _seconds(look, case, patch, landmarks)
            for patch, landmarks in zip(clip.patches, clip.landmarks, strict=True)
        ]
    return 1000 * median(seconds)


def _seconds(look: Laying, case: Case, made: Picture, landmarks: Landmarks) -> float:
    rect = _inside(look.outline(case.box, landmarks), case.face)
    region = case.face[rect.slices].copy()
    start = time.perf_counter()
    outline = look.outline(case.box, landmarks)
    rect = _inside(outline, case.face)
    patch = Patch.placed(made, case.box, rect, case.source)
    look.laid(patch, region, outline.mask(rect), case.box)
    return time.perf_counter() - start


@contextmanager
def one_core() -> Iterator[None]:
    """OpenCV's threads, that is; numpy has none in what blending does."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def cheeks(case: Case) -> Bools:
    """A square between eye and corner of the mouth, a little further out, on both sides."""
    points = case.landmarks.points()
    where = np.zeros(case.face.shape[:2], np.bool_)
    side = CHEEK * case.box.width / 2
    for eye, corner in ((0, 3), (1, 4)):
        x, y = (0.45 * points[eye] + 0.55 * points[corner]).tolist()
        x += 0.25 * (x - float(points[2, 0]))
        rect = Box(y - side, y + side, x - side, x + side).inside(*where.shape[::-1])
        if rect is not None:
            where[rect.slices] = True
    return where


def _inside(outline: Outline, face: Region) -> Rect:
    rect = outline.bounds.inside(face.shape[1], face.shape[0])
    if rect is None:
        raise ValueError(f"the mouth lies outside the picture: {outline.bounds}")
    return rect
