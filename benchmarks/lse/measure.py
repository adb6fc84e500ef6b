"""LSE-C and LSE-D of a result, by SyncNet's weights where the user has them."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from audio.load import load
from base.errors import NoFaceError
from base.geometry import Box, Picture
from benchmarks.lse.mfcc import mfcc
from benchmarks.lse.score import Lse, lse_of
from benchmarks.lse.syncnet import SIDE, embedded, load_syncnet
from faces.face import Face
from quality.view import View, sights
from video.shape import Shape
from video.source import open_source
from video.yuv import Frame

RATE = 25  # frames a second that the network knows
MORE = 0.40  # of half the face's size: to the sides, and twice below
GREY = 110  # beyond the picture
LONGEST = 60  # seconds that are looked at: what is cut out of them is in memory


@dataclass(frozen=True)
class Timed:
    """A cut-out and when it is shown."""

    face: Picture
    index: int


def lse(view: View, weights: Path) -> Lse:
    """Over the longest run of frames that show the face."""
    network = load_syncnet(weights)  # before the work: a wrong file is told at once
    fps = open_source(view.result, Shape(), view.fps).fps
    faces, first = longest(cut_outs(view), fps)
    cepstra = mfcc(load(view.sound).samples)[4 * first :]
    return lse_of(*embedded(network, faces, cepstra))


def words(found: Lse) -> str:
    """For a person."""
    return (
        f"SyncNet: LSE-D {found.distance:.3f} (lower is better), LSE-C {found.confidence:.3f}"
        f" (higher is better), offset {found.offset} frames of 40 ms"
    )


def cut_outs(view: View) -> Iterator[Timed]:
    """The face of every frame that shows one."""
    with closing(sights(view)) as seen:
        for sight in seen:
            if sight.face is not None:
                yield Timed(cut_out(sight.frame, sight.face), sight.index)


def cut_out(frame: Frame, face: Face) -> Picture:
    """224x224: more of the chin than of the forehead, as the network was trained."""
    place, half = face.box, max(face.box.width, face.box.height) / 2
    x, y = place.centre
    wide, low = half * (1 + MORE), half * (1 + 2 * MORE)
    wanted = Box(y - half, y + low, x - wide, x + wide)
    seen = wanted.inside(frame.width, frame.height)
    if seen is None:
        return np.full((SIDE, SIDE, 3), GREY, np.uint8)
    scale = SIDE / wanted.width
    small = cv2.resize(
        frame.region(seen),
        (max(round(seen.size[0] * scale), 1), max(round(seen.size[1] * scale), 1)),
        interpolation=cv2.INTER_AREA,
    )
    whole = np.full((SIDE, SIDE, 3), GREY, np.uint8)
    top, left = round((seen.top - wanted.top) * scale), round((seen.left - wanted.left) * scale)
    part = whole[max(top, 0) : top + len(small), max(left, 0) : left + small.shape[1]]
    part[:] = np.clip(np.rint(small[: part.shape[0], : part.shape[1]]), 0, 255)
    return whole


def longest(seen: Iterator[Timed], fps: Fraction) -> tuple[NDArray[np.uint8], int]:
    """The faces at 25 a second in the longest unbroken run, and the number of its first."""
    run = _longest_run(seen, int(LONGEST * fps))
    if not run:
        raise NoFaceError("no face found in the result: SyncNet has nothing to look at")
    first = -(-run[0].index * RATE // fps)
    last = (run[-1].index * RATE) // fps
    shown = [int(t * fps / RATE) - run[0].index for t in range(int(first), int(last) + 1)]
    return np.stack([run[max(place, 0)].face for place in shown]), int(first)


def _longest_run(seen: Iterator[Timed], most: int) -> list[Timed]:
    best: list[Timed] = []
    run: list[Timed] = []
    for timed in seen:
        if run and timed.index != run[-1].index + 1:
            run = []
        run.append(timed)
        best = max(best, run, key=len)
        if len(best) >= most:
            break
    return best
