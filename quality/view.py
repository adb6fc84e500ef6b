"""A result as the meters look at it: frame by frame, beside the picture it was made from."""

import math
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache, partial
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Box, Landmarks, Picture, Point, Rect
from base.prefetch import prefetch
from faces.detector import Detector, DetectorSettings
from faces.detectors import load_mtcnn
from faces.face import Face, FaceTrack
from faces.sightings import Sightings
from faces.track import TrackSettings, followed, track_of
from video.shape import Shape
from video.source import Source, open_source
from video.yuv import RED_AND_BLUE, Frame, Plane, frame_of_planes, matrix_for, resized

SIDE = 192  # pixels of a crop's side
DETECTOR_SIDE = 640  # faces are looked for in frames reduced to this
EYES_AT, MOUTH_AT = 0.36, 0.66  # rows of a crop, as shares of its side
ENDLESS = 1 << 62  # frames
READ_AHEAD = 4  # frames of either

Points = NDArray[np.float32]  # (5, 2) x, y
Cut = Callable[[], Picture | None]


def nothing() -> None:
    """The cut of what is not there."""


@dataclass(frozen=True)
class Sight:
    """A frame of the result as the meters look at it, beside the picture it was made from."""

    index: int
    frame: Frame
    source: Frame | None  # the source's picture shown there
    face: Face | None  # in frame pixels
    crop: Picture | None  # (SIDE, SIDE, 3): the face upright, cut from the result
    cut_before: Cut  # the same cut from the source, made once, by whoever asks first
    landmarks: Points | None  # in crop pixels: left eye, right eye, nose, both mouth corners

    @property
    def before(self) -> Picture | None:
        return self.cut_before()


def _mtcnn() -> Detector:
    return load_mtcnn(DetectorSettings())


@dataclass(frozen=True)
class View:
    """What is compared, and how the run that made it saw its source."""

    result: Path
    source: Path | None = None
    audio: Path | None = None  # none: the result's own sound
    shape: Shape = field(default_factory=Shape)
    loop: str = "repeat"
    static: bool = False
    fps: Fraction = Fraction(25)  # of a still
    late: Fraction = Fraction(0)  # seconds by which the mouth was asked to come after its sound
    known: FaceTrack | None = None  # a face for each frame of the source, or of the result
    track: TrackSettings = field(default_factory=TrackSettings)
    detector: Callable[[], Detector] = _mtcnn

    @property
    def sound(self) -> Path:
        """Where the sound is that the mouth is to follow."""
        return self.audio or self.result


def sights(view: View) -> Generator[Sight, None, None]:
    """Every frame of the result in turn; no more than a few are in memory."""
    result = open_source(view.result, Shape(), view.fps)
    source = _source_of(view, result)
    faces = _faces(view, result, source)
    with closing(_side_by_side(result, source, view.loop)) as pairs:
        last, last_at = None, -1
        for index, (frame, at, before) in enumerate(pairs):
            face = faces[at] if at < len(faces) else None
            now = sight(index, frame, before, face)
            if last is not None and at == last_at:  # the source shows the same: a still, mostly
                now = replace(now, cut_before=last.cut_before)
            last, last_at = now, at
            yield now


def sight(index: int, frame: Frame, source: Frame | None, face: Face | None) -> Sight:
    """The frame with its face cut out of it and of the source."""
    way = None if face is None else upright(face.landmarks)
    if face is None or way is None:
        return Sight(index, frame, source, None, None, nothing, None)
    crop = cut(frame, way)
    before = nothing if source is None or crop is None else cache(partial(cut, source, way))
    landmarks = way(face.landmarks.points()).astype(np.float32)
    return Sight(index, frame, source, face, crop, before, landmarks)


def upright(landmarks: Landmarks) -> Affine | None:
    """From frame to crop: the eyes level, the middle of eyes and mouth at its place."""
    left, right = np.array(landmarks.left_eye), np.array(landmarks.right_eye)
    eyes, mouth = (left + right) / 2, np.array(landmarks.mouth_centre)
    apart = math.dist(left, right)
    size = max(apart, math.dist(eyes, mouth))  # turned to the side, or up: one shrinks
    if apart == 0 or size < 1:
        return None
    scale = (MOUTH_AT - EYES_AT) * SIDE / size
    cos, sin = (right - left) / apart * scale
    x, y = (eyes + mouth) / 2
    turned = Affine(cos, sin, -cos * x - sin * y, -sin, cos, sin * x - cos * y)
    return turned.then(Affine.shift(SIDE / 2, (EYES_AT + MOUTH_AT) / 2 * SIDE))


def cut(frame: Frame, way: Affine) -> Picture | None:
    """The crop that `way` leads to; none if nothing of it lies in the frame."""
    corners = way.inverse()(np.array([(0, 0), (SIDE, 0), (0, SIDE), (SIDE, SIDE)], np.float64))
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    if Box(top, bottom, left, right).inside(frame.width, frame.height) is None:
        return None
    layout = frame.layout
    wide = Affine(1 << layout.across, 0, 0, 0, 1 << layout.down, 0)  # from chroma to luma
    luma, *chroma = frame.planes()
    planes = [_warped(luma, way), *(_warped(plane, wide.then(way)) for plane in chroma)]
    full = replace(layout, base="yuv444p") if chroma else layout
    made = frame_of_planes(planes, full, like=frame)
    if frame.tags.matrix not in RED_AND_BLUE:  # it would be guessed from the height
        replace(frame.tags, matrix=matrix_for(frame.height)).put_on(made.video)
    return np.asarray(np.rint(made.region(Rect(0, SIDE, 0, SIDE))), np.uint8)


def _warped(plane: Plane, way: Affine) -> Plane:
    """The part of a plane that `way` leads to; averaged where it shrinks to less than half."""
    shrinks = max(1, math.floor(1 / math.hypot(way.a, way.d)))
    if shrinks > 1:
        plane, begins = _averaged(plane, way, shrinks)
        way = Affine(shrinks, 0, begins[0], 0, shrinks, begins[1]).then(way)
    border = cv2.BORDER_REPLICATE
    return cv2.warpAffine(plane, way.warp_matrix(), (SIDE, SIDE), borderMode=border)


def _averaged(plane: Plane, way: Affine, by: int) -> tuple[Plane, Point]:
    """What `way` needs of a plane, each square of `by` pixels as one, and where it begins."""
    x, y = way.inverse()(np.array([(SIDE / 2, SIDE / 2)], np.float64))[0]
    reach = SIDE * (by + 1)  # more than half a crop's diagonal
    rows, columns = plane.shape
    top, left = (max(0, round(middle) - reach) // by * by for middle in (y, x))
    part = plane[top : round(y) + reach, left : round(x) + reach]
    part = part[: part.shape[0] // by * by, : part.shape[1] // by * by]
    if not part.size:
        return resized(plane, (max(1, columns // by), max(1, rows // by))), (0.0, 0.0)
    return resized(part, (part.shape[1] // by, part.shape[0] // by)), (float(left), float(top))


def _source_of(view: View, result: Source) -> Source | None:
    """The opened source, if its pictures have the result's size."""
    if view.source is None:
        return None
    source = open_source(view.source, view.shape, view.fps, view.static)
    same = (source.width, source.height) == (result.width, result.height)
    return source if same else None


def _faces(view: View, result: Source, source: Source | None) -> FaceTrack:
    """A face for every frame of the source, or of the result where there is none."""
    if view.known is not None and (source is not None or view.source is None):
        return view.known
    shown = source or result
    wanted = result.estimated_frames if shown is not result else None
    most = ENDLESS if wanted is None else math.ceil(wanted * shown.fps / result.fps) + 1
    scale = shown.first.reduced(DETECTOR_SIDE)[1]
    with closing(shown.frames()) as frames:
        pictures = (frame.reduced(DETECTOR_SIDE)[0] for frame in islice(frames, most))
        seen = Sightings.of(followed(pictures, view.detector(), view.track))
    return track_of(seen, view.track).scaled(1 / scale)


Pair = tuple[Frame, int, Frame | None]  # the result's, where in one pass of the source, its own


def _side_by_side(result: Source, source: Source | None, loop: str) -> Generator[Pair, None, None]:
    """Every frame of the result with what the source shows at its time."""
    with closing(prefetch(result.frames(), READ_AHEAD)) as frames:
        if source is None:
            yield from ((frame, index, None) for index, frame in enumerate(frames))
            return
        with closing(prefetch(source.looped(ENDLESS, loop), READ_AHEAD)) as shown:
            timed = _at_times(shown, source.fps / result.fps)
            yield from ((frame, *beside) for frame, beside in zip(frames, timed, strict=False))


def _at_times(shown: Iterator[tuple[int, Frame]], step: Fraction) -> Iterator[tuple[int, Frame]]:
    """What is shown at 0, `step`, 2 `step` ..., counted in its own frames."""
    current, passed, time = next(shown), 0, Fraction(0)
    while True:
        yield current
        time += step
        while passed + 1 <= time:
            current, passed = next(shown), passed + 1
