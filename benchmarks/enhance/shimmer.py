"""How much the fine detail of still skin changes from frame to frame."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Region
from benchmarks.truth.clip import TalkingClip
from blending.resample import Floats
from stages.alignment import SIDE, AlignedFace
from stages.enhance import Enhance, EnhanceSettings
from stages.networks import ImageNetwork
from stages.stage import OutputFrame
from stages.steadiness import STEADINESS
from video.yuv import Frame

# Of the aligned square: both cheeks and the forehead.
SKIN = ((300, 350, 150, 205), (300, 350, 307, 362), (150, 200, 206, 306))  # top bottom left right
FINE = 2.0  # pixels: what is smaller is fine detail
STILL = 2.0  # levels by which still skin differs at most, once it is smoothed
FEWEST = 500  # still pixels that a pair of frames must have

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Shimmer:
    """Levels of 255 by which fine detail of still skin changes from frame to frame."""

    source: float
    unsteadied: float  # restored, every frame by itself
    steadied: float
    detail: float  # times the source's fine detail that the steadied frames have
    still: float  # the share of skin that is still


def shimmer_of(clip: TalkingClip, network: ImageNetwork) -> Shimmer:
    frames = [
        OutputFrame(index, Frame.of_picture(frame.picture, "yuv444p"), frame.face)
        for index, frame in enumerate(clip.frames)
    ]
    source = _squares(frames, frames)
    still = [_still(*pair) for pair in pairwise(source)]
    changes, detail = [], []
    for share in (None, 0.0, STEADINESS):
        made = source if share is None else _squares(frames, restored(frames, network, share))
        fine = [_fine(square) for square in made]
        changes.append(_mean_change(fine, still))
        detail.append(_mean_detail(fine))
    share_still = float(np.mean([mask.sum() for mask in still]) / _skin().sum())
    own, unsteadied, steadied = changes
    return Shimmer(own, unsteadied, steadied, detail[2] / detail[0], share_still)


def restored(
    frames: Sequence[OutputFrame], network: ImageNetwork, steadiness: float
) -> list[OutputFrame]:
    settings = EnhanceSettings(Path(network.kind), steadiness=steadiness)
    return list(Enhance(network, settings)(iter(frames)))


def _squares(frames: Sequence[OutputFrame], made: Sequence[OutputFrame]) -> list[Region]:
    """The frames' faces upright, as they were found in the source."""
    return [_square(frame, output) for frame, output in zip(frames, made, strict=True)]


def _square(frame: OutputFrame, made: OutputFrame) -> Region:
    assert frame.face is not None  # in a talking clip every frame has one
    place = AlignedFace.of(frame.face, (frame.frame.width, frame.frame.height))
    assert place is not None
    return place.cut(made.frame)


def _fine(square: Region) -> Floats:
    gray = np.asarray(cv2.cvtColor(square, cv2.COLOR_BGR2GRAY), np.float32)
    return gray - np.asarray(cv2.GaussianBlur(gray, (0, 0), FINE), np.float32)


def _still(before: Region, after: Region) -> Bools:
    """The skin that has not moved between two frames."""
    first, second = (cv2.GaussianBlur(square, (0, 0), 3 * FINE) for square in (before, after))
    return np.asarray((cv2.absdiff(first, second).max(2) < STILL) & _skin())


def _skin() -> Bools:
    skin = np.zeros((SIDE, SIDE), np.bool_)
    for top, bottom, left, right in SKIN:
        skin[top:bottom, left:right] = True
    return skin


def _mean_change(fine: Sequence[Floats], still: Sequence[Bools]) -> float:
    return float(np.mean(list(_changes(fine, still)) or [np.nan]))


def _changes(fine: Sequence[Floats], still: Sequence[Bools]) -> Iterator[float]:
    for (before, after), mask in zip(pairwise(fine), still, strict=True):
        if mask.sum() >= FEWEST:
            yield float(np.abs(after - before)[mask].mean())


def _mean_detail(fine: Sequence[Floats]) -> float:
    skin = _skin()
    return float(np.mean([np.abs(square)[skin].mean() for square in fine]))
