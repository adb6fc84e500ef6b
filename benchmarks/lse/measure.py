"""LSE-C and LSE-D of a result file."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from audio.load import load_sound
from base.errors import NoFaceError
from base.geometry import Box, Picture
from benchmarks.lse.mfcc import mfcc
from benchmarks.lse.score import LseScore, score_embeddings
from benchmarks.lse.syncnet import SIDE, embed, load_syncnet
from faces.face import Face
from quality.comparison import Comparison, compared_frames
from video.shape import Shape
from video.source import open_source
from video.yuv import Frame

RATE = 25  # frames a second that the network was trained on
MARGIN = 0.40  # of half the face's size: to the sides, and twice below
GREY = 110  # levels beyond the picture's border
LONGEST = 60  # seconds that are measured: all crops of them are in memory


@dataclass(frozen=True)
class FaceCrop:
    """The face of one frame."""

    picture: Picture  # (SIDE, SIDE, 3)
    index: int  # of the frame


def measure_lse(comparison: Comparison, weights: Path) -> LseScore:
    """The scores over the longest run of frames that show the face."""
    network = load_syncnet(weights)  # before the work, so that a wrong file is refused at once
    fps = open_source(comparison.result, Shape(), comparison.fps).fps
    faces, first = longest_run(face_crops(comparison), fps)
    cepstra = mfcc(load_sound(comparison.sound).samples)[4 * first :]
    return score_embeddings(*embed(network, faces, cepstra))


def describe(score: LseScore) -> str:
    """The scores in a line for a person."""
    return (
        f"SyncNet: LSE-D {score.distance:.3f} (lower is better), LSE-C {score.confidence:.3f}"
        f" (higher is better), offset {score.offset} frames of 40 ms"
    )


def face_crops(comparison: Comparison) -> Iterator[FaceCrop]:
    """The face of every frame of the result that shows one."""
    with closing(compared_frames(comparison)) as frames:
        for frame in frames:
            if frame.face is not None:
                yield FaceCrop(crop_face(frame.result, frame.face), frame.index)


def crop_face(frame: Frame, face: Face) -> Picture:
    """224x224 with more of the chin than of the forehead, as the network was trained."""
    half = max(face.box.width, face.box.height) / 2
    x, y = face.box.centre
    beside, below = half * (1 + MARGIN), half * (1 + 2 * MARGIN)
    box = Box(y - half, y + below, x - beside, x + beside)
    rect = box.inside(frame.width, frame.height)
    crop = np.full((SIDE, SIDE, 3), GREY, np.uint8)
    if rect is None:
        return crop
    scale = SIDE / box.width
    small = cv2.resize(
        frame.region(rect),
        (max(round(rect.size[0] * scale), 1), max(round(rect.size[1] * scale), 1)),
        interpolation=cv2.INTER_AREA,
    )
    top, left = round((rect.top - box.top) * scale), round((rect.left - box.left) * scale)
    part = crop[max(top, 0) : top + len(small), max(left, 0) : left + small.shape[1]]
    part[:] = np.clip(np.rint(small[: part.shape[0], : part.shape[1]]), 0, 255)
    return crop


def longest_run(crops: Iterator[FaceCrop], fps: Fraction) -> tuple[NDArray[np.uint8], int]:
    """The faces of the longest unbroken run at 25 a second, and the number of the first."""
    run = _longest_run(crops, int(LONGEST * fps))
    if not run:
        raise NoFaceError("no face found in the result: SyncNet has nothing to look at")
    first = -(-run[0].index * RATE // fps)
    last = (run[-1].index * RATE) // fps
    places = [int(t * fps / RATE) - run[0].index for t in range(int(first), int(last) + 1)]
    return np.stack([run[max(place, 0)].picture for place in places]), int(first)


def _longest_run(crops: Iterator[FaceCrop], most: int) -> list[FaceCrop]:
    """The longest run of frames without a gap; the search ends at `most` frames."""
    best: list[FaceCrop] = []
    run: list[FaceCrop] = []
    for crop in crops:
        if run and crop.index != run[-1].index + 1:
            run = []
        run.append(crop)
        best = max(best, run, key=len)
        if len(best) >= most:
            break
    return best
