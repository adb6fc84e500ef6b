"""The blend methods. To add one: write a function and add a line to BLENDERS."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from base.geometry import Box, Landmarks, Mask, Region
from blending.color import match_colors
from blending.detail import restore_texture
from blending.hd import hd
from blending.masks import MaskShape, Outline, WholeBox, mouth_ellipse
from blending.mix import alpha_blend
from blending.patch import Patch
from blending.pyramid import laplacian_blend
from blending.sharpen import sharpen
from blending.transitions import align_to_edges, guided_filter


class Blender(Protocol):
    """Returns a new region of the size of `face`; where the mask is 0 it equals `face`."""

    def __call__(self, patch: Patch, face: Region, mask: Mask, /) -> Region: ...


@dataclass(frozen=True)
class Method:
    """The outline of the new mouth, and the function that blends it into the face."""

    outline: Callable[[Box, Landmarks, MaskShape], Outline]
    blend: Blender
    keeps_colors: bool = False  # the patch's colours are not matched, whatever the settings say


def paste(patch: Patch, face: Region, mask: Mask, /) -> Region:
    """Paste the patch without the face's texture."""
    return alpha_blend(patch.warp_pixels(face), face, mask)


def alpha(patch: Patch, face: Region, mask: Mask, /) -> Region:
    """Blend by the mask."""
    return alpha_blend(restore_texture(patch, face), face, mask)


def multiscale(patch: Patch, face: Region, mask: Mask, /) -> Region:
    """Blend shades over the whole transition, fine texture within a part of it."""
    origin = patch.to_region.c, patch.to_region.f
    return laplacian_blend(restore_texture(patch, face), face, mask, origin)


def edge_aware(patch: Patch, face: Region, mask: Mask, /) -> Region:
    """Blend by the mask after moving its transition onto edges of the face, where there are any."""
    new = restore_texture(patch, face)
    return alpha_blend(new, face, align_to_edges(face, new, mask))


def guided(patch: Patch, face: Region, mask: Mask, /) -> Region:
    """Blend by a mask that follows the face's brightness; the pixels are not filtered."""
    return alpha_blend(restore_texture(patch, face), face, guided_filter(face, mask))


def whole_box(box: Box, landmarks: Landmarks, shape: MaskShape) -> Outline:
    return WholeBox(box)


BLENDERS: dict[str, Method] = {
    "original": Method(whole_box, paste, keeps_colors=True),
    "ellipse": Method(mouth_ellipse, alpha),
    "multiscale": Method(mouth_ellipse, multiscale),
    "edge_aware": Method(mouth_ellipse, edge_aware),
    "guided": Method(mouth_ellipse, guided),
    "hd": Method(mouth_ellipse, hd),
}


@dataclass(frozen=True)
class BlendSettings:
    """How a patch is blended into a face."""

    method: str = "ellipse"
    shape: MaskShape = field(default_factory=MaskShape)
    sharpen: float = 0.0  # amount of the unsharp mask, 0 to 2; 0 leaves the mouth as generated
    match_color: bool = True

    def __post_init__(self) -> None:
        if self.method not in BLENDERS:
            raise ValueError(f"no blend method {self.method}; there are {', '.join(BLENDERS)}")
        if not 0 <= self.sharpen <= 2:
            raise ValueError(f"sharpening must be 0 to 2, got {self.sharpen}")

    def outline(self, box: Box, landmarks: Landmarks) -> Outline:
        return BLENDERS[self.method].outline(box, landmarks, self.shape)

    def blend(self, patch: Patch, face: Region, mask: Mask, box: Box) -> Region:
        """Return `face` with the mouth of `patch`; where the mask is 0 it equals `face`."""
        method = BLENDERS[self.method]
        if self.match_color and not method.keeps_colors:
            patch = match_colors(patch, mask)
        region = method.blend(patch, face, mask)
        if self.sharpen == 0:
            return region
        return alpha_blend(sharpen(region, self.sharpen, box.width), region, mask)
