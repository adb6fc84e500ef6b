"""Measure one way to blend a mouth on one face: its scores, the meters' figures, its cost."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Protocol

import cv2
import numpy as np

from base.geometry import Box, Landmarks, Mask, Picture, Rect, Region
from benchmarks.blend import scores
from benchmarks.blend.cases import Bools, Case, PatchClip
from blending.masks import Outline
from blending.patch import Patch
from faces.face import Face
from quality.comparison import compare_frame
from quality.meters import METERS, Meters
from video.yuv import Frame

CHEEK_SIDE = 0.12  # of the face's width: side of the square that is measured on each cheek


class Blending(Protocol):
    """A way to blend a mouth in; BlendSettings is one."""

    def outline(self, box: Box, landmarks: Landmarks) -> Outline: ...

    def blend(self, patch: Patch, face: Region, mask: Mask, box: Box) -> Region: ...


@dataclass(frozen=True)
class Row:
    """One method on one face at one size: its scores, its cost, and the meters of `quality`."""

    method: str
    size: int
    face: str
    mask_edge_step: float
    coverage: float
    old_mouth: float  # share of the old mouth where it shows most
    mouth_detail: float
    halo: float
    mask_edge_colour: float
    skin_detail: float
    outside_mask: float
    skin_flicker: float
    ms: float
    meters: dict[str, float | None]  # by the names in METERS


@dataclass(frozen=True)
class BlendedFrame:
    """A frame with its new mouth, and the mask, both as large as the frame."""

    frame: Region
    mask: Mask


def measure_row(blending: Blending, size: int, case: Case, clip: PatchClip, method: str) -> Row:
    """All figures of a method on a case; it is timed last, once its result is known to be valid."""
    blended = blend_frame(blending, case, case.patch, case.landmarks)
    result, mask, moved, pixel = blended.frame, blended.mask, case.moved, case.patch_pixel
    source, cheek = case.region, cheek_squares(case)
    share, worst = scores.coverage(result, source, case.pasted, case.mouth, pixel)
    frames = blend_clip(blending, case, clip)
    return Row(
        method=method,
        size=size,
        face=case.name,
        mask_edge_step=scores.mask_edge_step(result, source, mask, moved),
        coverage=share,
        old_mouth=1 - worst,
        mouth_detail=scores.mouth_detail(result, source, case.mouth, cheek, pixel),
        halo=scores.halo(result, case.pasted, case.mouth, pixel),
        mask_edge_colour=scores.mask_edge_colour(result, source, mask, moved, pixel),
        skin_detail=scores.skin_detail(result, source, mask, moved, pixel),
        outside_mask=scores.outside_mask(result, source, mask),
        skin_flicker=skin_flicker(frames, clip),
        ms=median_milliseconds(blending, case, clip),
        meters=meter_values([frame.frame for frame in frames], case),
    )


def blend_frame(
    blending: Blending, case: Case, pixels: Picture, landmarks: Landmarks
) -> BlendedFrame:
    """A whole frame with the generated face blended in, as the pipeline does it."""
    outline = blending.outline(case.box, landmarks)
    rect = _rect_of(outline, case.region)
    mask = np.zeros(case.region.shape[:2], np.float32)
    mask[rect.slices] = outline.mask(rect)
    region = case.region[rect.slices].copy()
    new = blending.blend(case.placed(pixels, rect), region, mask[rect.slices], case.box)
    if new.shape != region.shape or not np.isfinite(new).all():
        raise ValueError(f"no picture of {region.shape} came back, but {new.shape}")
    frame = case.region.copy()
    frame[rect.slices] = new
    return BlendedFrame(frame, mask)


def blend_clip(blending: Blending, case: Case, clip: PatchClip) -> list[BlendedFrame]:
    """Every frame of the clip with its mouth blended in."""
    return [
        blend_frame(blending, case, pixels, landmarks)
        for pixels, landmarks in zip(clip.patches, clip.landmarks, strict=True)
    ]


def skin_flicker(frames: Sequence[BlendedFrame], clip: PatchClip) -> float:
    """The flicker of what lies inside the mask and does not move."""
    inside = np.mean([blended.mask for blended in frames], axis=0) > 0.1
    return scores.skin_flicker([blended.frame for blended in frames], inside & ~clip.moved)


def meter_values(frames: Sequence[Region], case: Case) -> dict[str, float | None]:
    """The figures that the meters of `quality` give for a clip of these frames of a still face."""
    source, face = _as_frame(case.region), Face(case.box, case.landmarks, 1.0)
    meters = Meters()
    results = (
        compare_frame(index, _as_frame(frame), source, face) for index, frame in enumerate(frames)
    )
    for _ in meters.observe(results):
        pass
    values = meters.values()
    return {name: values[name] for name in METERS}


def _as_frame(region: Region) -> Frame:
    return Frame.of_picture(np.clip(np.rint(region), 0, 255).astype(np.uint8))


def median_milliseconds(blending: Blending, case: Case, clip: PatchClip) -> float:
    """The median processor time of a frame, from patch to region, each with a new mask."""
    with single_threaded():
        seconds = [
            _time_blend(blending, case, pixels, landmarks)
            for pixels, landmarks in zip(clip.patches, clip.landmarks, strict=True)
        ]
    return 1000 * median(seconds)


def _time_blend(blending: Blending, case: Case, pixels: Picture, landmarks: Landmarks) -> float:
    rect = _rect_of(blending.outline(case.box, landmarks), case.region)
    region = case.region[rect.slices].copy()
    start = time.process_time()
    outline = blending.outline(case.box, landmarks)
    rect = _rect_of(outline, case.region)
    blending.blend(case.placed(pixels, rect), region, outline.mask(rect), case.box)
    return time.process_time() - start


@contextmanager
def single_threaded() -> Iterator[None]:
    """OpenCV uses one thread; numpy uses one anyway in what blending does."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def cheek_squares(case: Case) -> Bools:
    """A square on each side between eye and corner of the mouth, a little further out."""
    points = case.landmarks.points()
    cheeks = np.zeros(case.region.shape[:2], np.bool_)
    half = CHEEK_SIDE * case.box.width / 2
    for eye, corner in ((0, 3), (1, 4)):
        x, y = (0.45 * points[eye] + 0.55 * points[corner]).tolist()
        x += 0.25 * (x - float(points[2, 0]))
        rect = Box(y - half, y + half, x - half, x + half).inside(*cheeks.shape[::-1])
        if rect is not None:
            cheeks[rect.slices] = True
    return cheeks


def _rect_of(outline: Outline, region: Region) -> Rect:
    rect = outline.bounds.inside(region.shape[1], region.shape[0])
    if rect is None:
        raise ValueError(f"the mouth lies outside the picture: {outline.bounds}")
    return rect
