"""The ways to lay a new mouth into a face. To add one: a function, and a line in BLENDERS."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from blending.detail import with_detail
from blending.masks import MaskShape, Outline, WholeBox, mouth_ellipse
from blending.patch import Patch
from blending.sharpen import sharpened
from geometry import Box, Landmarks, Mask, Region


class Blender(Protocol):
    """A new region the size of `face`; where the mask is 0 it equals `face`."""

    def __call__(self, patch: Patch, face: Region, mask: Mask, /) -> Region: ...


@dataclass(frozen=True)
class Method:
    """Where the new mouth shows, and how it is mixed in."""

    outline: Callable[[Box, Landmarks, MaskShape], Outline]
    blend: Blender
    unfinished: bool = False  # the name is kept, the ellipse does its work for now


def paste(patch: Patch, face: Region, mask: Mask, /) -> Region:
    return _mixed(patch.onto(face), face, mask)


def alpha(patch: Patch, face: Region, mask: Mask, /) -> Region:
    return _mixed(with_detail(patch, face), face, mask)


def whole_box(box: Box, landmarks: Landmarks, shape: MaskShape) -> Outline:
    return WholeBox(box)


def _mixed(new: Region, old: Region, mask: Mask) -> Region:
    return np.asarray(old + mask[:, :, None] * (new - old), np.float32)


BLENDERS: dict[str, Method] = {
    "original": Method(whole_box, paste),
    "ellipse": Method(mouth_ellipse, alpha),
    "multiscale": Method(mouth_ellipse, alpha, unfinished=True),
    "edge_aware": Method(mouth_ellipse, alpha, unfinished=True),
    "guided": Method(mouth_ellipse, alpha, unfinished=True),
    "hd": Method(mouth_ellipse, alpha, unfinished=True),
}


@dataclass(frozen=True)
class Look:
    """How a new mouth is laid into a face."""

    method: str = "ellipse"
    shape: MaskShape = field(default_factory=MaskShape)
    sharpen: float = 0.0  # 0 leaves the mouth as generated

    def __post_init__(self) -> None:
        if self.method not in BLENDERS:
            raise ValueError(f"no blend method {self.method}; there are {', '.join(BLENDERS)}")
        if not 0 <= self.sharpen <= 2:
            raise ValueError(f"sharpening must be 0 to 2, got {self.sharpen}")

    def outline(self, box: Box, landmarks: Landmarks) -> Outline:
        return BLENDERS[self.method].outline(box, landmarks, self.shape)

    def laid(self, patch: Patch, face: Region, mask: Mask, box: Box) -> Region:
        """`face` with the mouth of `patch`; equal to `face` where the mask is 0."""
        region = BLENDERS[self.method].blend(patch, face, mask)
        if self.sharpen == 0:
            return region
        return _mixed(sharpened(region, self.sharpen, box.width), region, mask)
