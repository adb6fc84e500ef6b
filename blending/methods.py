"""The ways to lay a new mouth into a face. To add one: a function, and a line in BLENDERS."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from base.geometry import Box, Landmarks, Mask, Region
from blending.color import matched
from blending.detail import with_detail
from blending.hd import hd
from blending.masks import MaskShape, Outline, WholeBox, mouth_ellipse
from blending.mix import mixed
from blending.patch import Patch
from blending.pyramid import passed_over
from blending.sharpen import sharpened
from blending.transitions import along_edges, guided_by_brightness


class Blender(Protocol):
    """A new region the size of `face`; where the mask is 0 it equals `face`."""

    def __call__(self, patch: Patch, face: Region, mask: Mask, /) -> Region: ...


@dataclass(frozen=True)
class Method:
    """Where the new mouth shows, and how it is mixed in."""

    outline: Callable[[Box, Landmarks, MaskShape], Outline]
    blend: Blender
    plain: bool = False  # the colours stay as generated, whatever is asked


def paste(patch: Patch, face: Region, mask: Mask, /) -> Region:
    """The patch as it is."""
    return mixed(patch.onto(face), face, mask)


def alpha(patch: Patch, face: Region, mask: Mask, /) -> Region:
    """As much of the mouth as the mask says."""
    return mixed(with_detail(patch, face), face, mask)


def multiscale(patch: Patch, face: Region, mask: Mask, /) -> Region:
    """Shades turn into the mouth's over the whole transition, texture within a part of it."""
    origin = patch.to_region.c, patch.to_region.f
    return passed_over(with_detail(patch, face), face, mask, origin)


def edge_aware(patch: Patch, face: Region, mask: Mask, /) -> Region:
    """The transition lies on edges of the face where there are some."""
    new = with_detail(patch, face)
    return mixed(new, face, along_edges(face, new, mask))


def guided(patch: Patch, face: Region, mask: Mask, /) -> Region:
    """A guided filter draws the mask after the face's brightness; no pixel is smoothed."""
    return mixed(with_detail(patch, face), face, guided_by_brightness(face, mask))


def whole_box(box: Box, landmarks: Landmarks, shape: MaskShape) -> Outline:
    return WholeBox(box)


BLENDERS: dict[str, Method] = {
    "original": Method(whole_box, paste, plain=True),
    "ellipse": Method(mouth_ellipse, alpha),
    "multiscale": Method(mouth_ellipse, multiscale),
    "edge_aware": Method(mouth_ellipse, edge_aware),
    "guided": Method(mouth_ellipse, guided),
    "hd": Method(mouth_ellipse, hd),
}


@dataclass(frozen=True)
class Look:
    """How a new mouth is laid into a face."""

    method: str = "ellipse"
    shape: MaskShape = field(default_factory=MaskShape)
    sharpen: float = 0.0  # 0 leaves the mouth as generated
    match_color: bool = True

    def __post_init__(self) -> None:
        if self.method not in BLENDERS:
            raise ValueError(f"no blend method {self.method}; there are {', '.join(BLENDERS)}")
        if not 0 <= self.sharpen <= 2:
            raise ValueError(f"sharpening must be 0 to 2, got {self.sharpen}")

    def outline(self, box: Box, landmarks: Landmarks) -> Outline:
        return BLENDERS[self.method].outline(box, landmarks, self.shape)

    def laid(self, patch: Patch, face: Region, mask: Mask, box: Box) -> Region:
        """`face` with the mouth of `patch`; equal to `face` where the mask is 0."""
        method = BLENDERS[self.method]
        if self.match_color and not method.plain:
            patch = matched(patch, mask)
        region = method.blend(patch, face, mask)
        if self.sharpen == 0:
            return region
        return mixed(sharpened(region, self.sharpen, box.width), region, mask)
