"""The blend methods. To add one: write a function and add a line to BLENDERS."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from base.geometry import Box, Landmarks, Mask, Region
from base.lips import Lips
from blending.carried import carried
from blending.color import match_colors
from blending.detail import restore_texture
from blending.hd import hd
from blending.lip_masks import lips_outline
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

    outline: Callable[[Box, Landmarks, Lips | None, MaskShape], Outline]
    blend: Blender
    keeps_colors: bool = False  # the patch's colours are not matched, whatever the settings say
    uses_texture: bool = False  # it looks at what the patch's texture offers


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


def whole_box(box: Box, landmarks: Landmarks, lips: Lips | None, shape: MaskShape) -> Outline:
    return WholeBox(box)


def mouth(box: Box, landmarks: Landmarks, lips: Lips | None, shape: MaskShape) -> Outline:
    """After the lips where they are known, else an ellipse after the landmarks."""
    outline = None if lips is None else lips_outline(box, lips, shape)
    return outline or mouth_ellipse(box, landmarks, shape)


BLENDERS: dict[str, Method] = {
    "original": Method(whole_box, paste, keeps_colors=True),
    "ellipse": Method(mouth, alpha),
    "multiscale": Method(mouth, multiscale),
    "edge_aware": Method(mouth, edge_aware),
    "guided": Method(mouth, guided),
    "hd": Method(mouth, hd),
    "lips": Method(mouth, carried, uses_texture=True),
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

    @property
    def uses_texture(self) -> bool:
        """Whether the method looks at what a patch's texture offers."""
        return BLENDERS[self.method].uses_texture

    def outline(self, box: Box, landmarks: Landmarks, lips: Lips | None = None) -> Outline:
        return BLENDERS[self.method].outline(box, landmarks, lips, self.shape)

    def blend(self, patch: Patch, face: Region, mask: Mask, box: Box) -> Region:
        """Return `face` with the mouth of `patch`; where the mask is 0 it equals `face`."""
        method = BLENDERS[self.method]
        if self.match_color and not method.keeps_colors:
            patch = match_colors(patch, mask)
        region = method.blend(patch, face, mask)
        if self.sharpen == 0:
            return region
        return alpha_blend(sharpen(region, self.sharpen, box.width), region, mask)
