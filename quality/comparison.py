"""A result frame by frame, beside the pictures it was made from, its face cut out of both."""

import itertools
import math
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Box, Landmarks, Picture, Point, Rect
from base.prefetch import prefetch
from faces.detector import Detector, DetectorSettings
from faces.detectors import load_mtcnn
from faces.face import Face, FaceTrack
from faces.lips import LipsSeer, seer_for
from faces.sightings import Sightings
from faces.track import TrackSettings, clean_track, follow_person
from faces.view import View
from quality.mouths import SeenMouth, see_mouth
from video.shape import Shape
from video.source import Source, open_source
from video.yuv import LUMA_WEIGHTS, Frame, Plane, default_matrix, frame_from_planes, resize

CROP_SIDE = 192  # pixels
DETECTOR_SIDE = 640  # pixels: frames are reduced to this before faces are looked for
EYES_ROW, MOUTH_ROW = 0.36, 0.66  # of a crop, as shares of its side
ENDLESS = 1 << 62  # frames
READ_AHEAD = 4  # frames of the result, and as many of the source

Points = NDArray[np.float32]  # (5, 2) x, y
CropLoader = Callable[[], Picture | None]
# What the run had made a mouth for: the frames at the result's rate, each with its face
InputFrames = Generator[tuple[Frame, Face | None], None, None]


def no_crop() -> None:
    """The crop of a frame that has none."""


@dataclass(frozen=True)
class ComparedFrame:
    """A frame of the result as the meters look at it, beside the picture it was made from."""

    index: int
    result: Frame
    source: Frame | None  # the source's picture at that time
    face: Face | None  # in frame pixels
    crop: Picture | None  # (CROP_SIDE, CROP_SIDE, 3): the face upright, cut from the result
    load_source_crop: CropLoader  # the same crop of the source, cut when it is first used
    landmarks: Points | None  # in crop pixels: left eye, right eye, nose, both mouth corners
    mouth: SeenMouth | None = None  # where the source's lips were seen

    @property
    def source_crop(self) -> Picture | None:
        return self.load_source_crop()

    def beside(self, last: "ComparedFrame") -> "ComparedFrame":
        """The frame with the source's pictures of one that has the same, already cut out."""
        mouth = self.mouth
        if mouth is not None and last.mouth is not None:
            mouth = replace(mouth, load_source=last.mouth.load_source)
        return replace(self, load_source_crop=last.load_source_crop, mouth=mouth)


def _mtcnn() -> Detector:
    return load_mtcnn(DetectorSettings())


@dataclass(frozen=True)
class Comparison:
    """A result and the source it was made from, read as the run that made it read its source."""

    result: Path
    source: Path | None = None
    audio: Path | None = None  # none: the result's own sound
    shape: Shape = field(default_factory=Shape)
    loop: str = "repeat"
    static: bool = False
    fps: Fraction = Fraction(25)  # of a still
    mouth_delay: Fraction = Fraction(0)  # seconds that the run moved the mouth behind its sound
    faces: FaceTrack | None = None  # a face for each frame of the source, or of the result
    track_settings: TrackSettings = field(default_factory=TrackSettings)
    inputs: Callable[[], InputFrames] | None = None  # of the source at another rate
    detector: Callable[[], Detector] = _mtcnn
    lips: Callable[[bool], LipsSeer] | None = seer_for  # by whether it is a still; none: unseen

    @property
    def sound(self) -> Path:
        """The file with the sound that the mouth is to follow."""
        return self.audio or self.result


def compared_frames(comparison: Comparison) -> Generator[ComparedFrame, None, None]:
    """Every frame of the result in turn; no more than a few are in memory."""
    result = open_source(comparison.result, Shape(), comparison.fps)
    source = _open_matching_source(comparison, result)
    with closing(_aligned(comparison, result, source)) as aligned:
        last, last_place = None, -1
        for index, (result_frame, place, source_frame, face) in enumerate(aligned):
            frame = compare_frame(index, result_frame, source_frame, face)
            if last is not None and place == last_place:  # the same source picture, as of a still
                frame = frame.beside(last)
            last, last_place = frame, place
            yield frame


def compare_frame(
    index: int, result: Frame, source: Frame | None, face: Face | None
) -> ComparedFrame:
    """The frame with its face cut out of the result and, on demand, out of the source."""
    to_crop = None if face is None else upright_transform(face.landmarks)
    if face is None or to_crop is None:
        return ComparedFrame(index, result, source, None, None, no_crop, None)
    crop, mouth = cut_crop(result, to_crop), see_mouth(index, result, source, face)
    load: CropLoader = no_crop
    if source is not None and crop is not None:
        load = cache(partial(cut_crop, source, to_crop))
    landmarks = to_crop(face.landmarks.points()).astype(np.float32)
    return ComparedFrame(index, result, source, face, crop, load, landmarks, mouth)


def upright_transform(landmarks: Landmarks) -> Affine | None:
    """From frame to crop: the eyes level, the middle of eyes and mouth at a fixed place."""
    left, right = np.array(landmarks.left_eye), np.array(landmarks.right_eye)
    eyes, mouth = (left + right) / 2, np.array(landmarks.mouth_centre)
    eye_distance = math.dist(left, right)
    size = max(eye_distance, math.dist(eyes, mouth))  # in a face turned aside or up one shrinks
    if eye_distance == 0 or size < 1:
        return None
    scale = (MOUTH_ROW - EYES_ROW) * CROP_SIDE / size
    cos, sin = (right - left) / eye_distance * scale
    x, y = (eyes + mouth) / 2
    rotation = Affine(cos, sin, -cos * x - sin * y, -sin, cos, sin * x - cos * y)
    return rotation.then(Affine.shift(CROP_SIDE / 2, (EYES_ROW + MOUTH_ROW) / 2 * CROP_SIDE))


def cut_crop(frame: Frame, to_crop: Affine) -> Picture | None:
    """The crop of a frame, warped plane by plane; none if it lies outside the frame."""
    square = [(0, 0), (CROP_SIDE, 0), (0, CROP_SIDE), (CROP_SIDE, CROP_SIDE)]
    corners = to_crop.inverse()(np.array(square, np.float64))
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    if Box(top, bottom, left, right).inside(frame.width, frame.height) is None:
        return None
    layout = frame.layout
    chroma_to_luma = Affine(1 << layout.log2_chroma_w, 0, 0, 0, 1 << layout.log2_chroma_h, 0)
    luma, *chroma = frame.planes()
    chroma_to_crop = chroma_to_luma.then(to_crop)
    planes = [_warp(luma, to_crop), *(_warp(plane, chroma_to_crop) for plane in chroma)]
    full = replace(layout, base="yuv444p") if chroma else layout
    crop = frame_from_planes(planes, full, like=frame)
    if frame.tags.matrix not in LUMA_WEIGHTS:  # it would be guessed from the crop's height
        replace(frame.tags, matrix=default_matrix(frame.height)).apply_to(crop.av_frame)
    return np.asarray(np.rint(crop.region(Rect(0, CROP_SIDE, 0, CROP_SIDE))), np.uint8)


def _warp(plane: Plane, to_crop: Affine) -> Plane:
    """The part of a plane that the crop shows; averaged where it shrinks to less than half."""
    factor = max(1, math.floor(1 / math.hypot(to_crop.a, to_crop.d)))
    if factor > 1:
        plane, (x, y) = _reduced_part(plane, to_crop, factor)
        to_crop = Affine(factor, 0, x, 0, factor, y).then(to_crop)
    matrix, border = to_crop.warp_matrix(), cv2.BORDER_REPLICATE
    return cv2.warpAffine(plane, matrix, (CROP_SIDE, CROP_SIDE), borderMode=border)


def _reduced_part(plane: Plane, to_crop: Affine, factor: int) -> tuple[Plane, Point]:
    """The part that the crop needs, `factor` times smaller, and its upper left corner."""
    centre = np.array([(CROP_SIDE / 2, CROP_SIDE / 2)], np.float64)
    x, y = to_crop.inverse()(centre)[0]
    reach = CROP_SIDE * (factor + 1)  # more than half a crop's diagonal
    rows, columns = plane.shape
    top, left = (max(0, round(middle) - reach) // factor * factor for middle in (y, x))
    part = plane[top : round(y) + reach, left : round(x) + reach]
    part = part[: part.shape[0] // factor * factor, : part.shape[1] // factor * factor]
    if not part.size:
        return resize(plane, (max(1, columns // factor), max(1, rows // factor))), (0.0, 0.0)
    size = part.shape[1] // factor, part.shape[0] // factor
    return resize(part, size), (float(left), float(top))


def _open_matching_source(comparison: Comparison, result: Source) -> Source | None:
    """The opened source, if its pictures have the result's size."""
    if comparison.source is None:
        return None
    source = open_source(comparison.source, comparison.shape, comparison.fps, comparison.static)
    same_size = (source.width, source.height) == (result.width, result.height)
    return source if same_size else None


def _faces(comparison: Comparison, result: Source, source: Source | None) -> FaceTrack:
    """A face for every frame of the source, or of the result where there is no source."""
    if comparison.faces is not None and (source is not None or comparison.source is None):
        return comparison.faces
    clip = source or result
    result_frames = None if clip is result else result.estimated_frames
    count = ENDLESS if result_frames is None else _frames_in(clip, result_frames / result.fps)
    scale = View(clip.first, DETECTOR_SIDE).scale
    settings = comparison.track_settings
    with closing(clip.frames()) as frames:
        shown = itertools.islice(frames, count)
        views = (View(frame, DETECTOR_SIDE) for frame in shown)
        seer = None if comparison.lips is None else comparison.lips(clip.still)
        person = follow_person(views, comparison.detector(), settings, seer)
        sightings = Sightings.of(person)
    return clean_track(sightings, settings).scaled(1 / scale)


def _frames_in(clip: Source, seconds: Fraction) -> int:
    """The frames of a clip that are shown within so many seconds."""
    return math.ceil(seconds * clip.fps) + 1


# A frame of the result, the place of its source frame, that frame, and the face in it
FacedFrames = tuple[Frame, int, Frame | None, Face | None]


def _aligned(
    comparison: Comparison, result: Source, source: Source | None
) -> Generator[FacedFrames, None, None]:
    """Every frame of the result with what it was made from."""
    if comparison.inputs is not None and source is not None:
        with closing(comparison.inputs()) as inputs, closing(result.frames()) as frames:
            for index, (frame, (made_from, face)) in enumerate(zip(frames, inputs, strict=False)):
                yield frame, index, made_from, face
        return
    faces = _faces(comparison, result, source)
    with closing(_align(result, source, comparison.loop)) as aligned:
        for frame, place, shown in aligned:
            yield frame, place, shown, faces[place] if place < len(faces) else None


# A frame of the result, the place of its source frame in one pass of the source, that frame
AlignedFrames = tuple[Frame, int, Frame | None]


def _align(
    result: Source, source: Source | None, loop: str
) -> Generator[AlignedFrames, None, None]:
    """Every frame of the result with the frame that the source shows at its time."""
    with closing(prefetch(result.frames(), READ_AHEAD)) as frames:
        if source is None:
            yield from ((frame, index, None) for index, frame in enumerate(frames))
            return
        with closing(prefetch(source.looped(ENDLESS, loop), READ_AHEAD)) as looped:
            sampled = _sample(looped, source.fps / result.fps)
            yield from ((frame, *beside) for frame, beside in zip(frames, sampled, strict=False))


def _sample(frames: Iterator[tuple[int, Frame]], step: Fraction) -> Iterator[tuple[int, Frame]]:
    """The frames that are shown at the times 0, `step`, 2 `step` ..., counted in frames."""
    current, passed, time = next(frames), 0, Fraction(0)
    while True:
        yield current
        time += step
        while passed + 1 <= time:
            current, passed = next(frames), passed + 1
