"""The kept portrait and what can be made of it."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from base.geometry import Affine, Box, Landmarks
from faces.face import Face
from stages.stage import FrameSound, OutputFrame, StageScene, VideoFormat
from video.yuv import Frame, frame_from_planes, layout_of

ROOT = Path(__file__).parents[3]
PICTURE = cv2.imread(str(ROOT / "demo" / "portrait.png"))
FPS = Fraction(25)
FACE = Face(  # as the detector finds it in the portrait
    Box(122.2, 345.1, 164.8, 340.4),
    Landmarks((215.6, 202.1), (302.2, 206.7), (258.9, 257.8), (210.2, 279.5), (299.0, 283.2)),
    1.0,
)
NOBODY = np.random.default_rng(0).integers(0, 256, PICTURE.shape, np.uint8)


def photo(picture=PICTURE):
    return Frame.of_picture(np.ascontiguousarray(picture))


def in_layout(name):
    """The photo in FFmpeg's format of this name."""
    frame = photo()
    if name == "gray":
        return frame_from_planes(frame.planes()[:1], layout_of(name), frame)
    return Frame(frame.av_frame.reformat(format=name))


def part(top, bottom, left, right):
    """A part of the portrait, and the face in it."""
    away = Affine.shift(-left, -top)
    box, landmarks = FACE.box, FACE.landmarks.mapped(away)
    moved = Box(box.top - top, box.bottom - top, box.left - left, box.right - left)
    return photo(PICTURE[top:bottom, left:right]), Face(moved, landmarks, 1.0)


def silent(frames):
    return FrameSound(np.zeros(frames, np.float32), np.zeros(frames, np.bool_))


def spoken(frames, syllables):
    """A sound that is loud at some frames, and quiet at the others."""
    loudness = np.full(frames, 0.25, np.float32)
    for frame in syllables:
        loudness[frame : frame + 5] = 0.45
    return FrameSound(loudness, np.ones(frames, np.bool_))


def scene(first, sound, still=True):
    given = VideoFormat(first.width, first.height, FPS)
    return StageScene(given, first, still, sound=sound)


def outputs(frame, frames, face=FACE):
    return (OutputFrame(index, frame, face) for index in range(frames))


def same(one, other):
    """Whether all samples of two frames are the same."""
    pairs = zip(one.planes(), other.planes(), strict=True)
    return all(np.array_equal(first, second) for first, second in pairs)


def difference(one, other):
    """(height, width): of the luma."""
    return np.abs(one.planes()[0].astype(int) - other.planes()[0])
