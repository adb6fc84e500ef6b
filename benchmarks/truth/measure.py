"""Decibels, flicker and milliseconds of the blend methods on held mouths."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Region
from benchmarks.truth.clip import TalkingClip
from benchmarks.truth.held import HeldMouth, hold_mouth, typical_pairs

GAP = 8  # frames from each frame of a sequence to its held mouth


@dataclass(frozen=True)
class Row:
    """A method's figures on one clip at one size and blur; means over its mouths."""

    clip: str
    size: int  # pixels of the face's width
    blur: float  # patch pixels
    method: str
    psnr: float  # decibels, around the lips
    flicker: float  # levels by which the error changes from frame to frame
    ms: float  # processor time, the median


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    mouths: int
    frames: int  # of the sequence that flicker is measured in


def measure_clip(
    clip: TalkingClip, size: int, blur: float, methods: Sequence[str], effort: Effort
) -> Iterator[Row]:
    """A row for each method."""
    pairs = list(typical_pairs(clip, effort.mouths))
    mouths = [hold_mouth(clip, *pair, blur) for pair in pairs]
    start = min(GAP, len(clip.frames) - GAP - effort.frames)
    sequence = [hold_mouth(clip, i, i + GAP, blur) for i in range(start, start + effort.frames)]
    for method in methods:
        scores = [_scored(mouth, method) for mouth in mouths]
        psnr, ms = fmean(s[0] for s in scores), median(s[1] for s in scores)
        yield Row(clip.name, size, blur, method, psnr, _flicker(sequence, method), ms)


def decibels(result: Region, truth: Region, where: NDArray[np.bool_]) -> float:
    """PSNR over the chosen pixels."""
    error = float(np.square((result - truth)[where]).mean())
    return 10 * float(np.log10(255**2 / max(error, 1e-3)))


def _scored(mouth: HeldMouth, method: str) -> tuple[float, float]:
    """Decibels and milliseconds."""
    started = time.process_time()
    region = mouth.blended(method)
    ms = (time.process_time() - started) * 1000
    return decibels(region, mouth.truth, mouth.lips), ms


def _flicker(sequence: Sequence[HeldMouth], method: str) -> float:
    """The mean change of the error around the lips, with the head held still."""
    first = sequence[0]
    errors = [_error_on(first, mouth, mouth.blended(method)) for mouth in sequence]
    return fmean(
        float(np.abs(after - before)[first.lips].mean()) for before, after in pairwise(errors)
    )


def _error_on(first: HeldMouth, mouth: HeldMouth, result: Region) -> NDArray[np.float32]:
    """The error's brightness, laid where the face was in the first frame."""
    error = cv2.cvtColor(np.asarray(result - mouth.truth, np.float32), cv2.COLOR_BGR2GRAY)
    to_first = Affine.similarity(mouth.steady, first.steady).warp_matrix()
    size = first.mask.shape[1], first.mask.shape[0]
    return np.asarray(cv2.warpAffine(error, to_first, size, flags=cv2.INTER_CUBIC), np.float32)
