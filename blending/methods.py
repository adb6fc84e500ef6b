"""The blend methods. To add one: write a function and add a line to BLENDERS."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Protocol

import numpy as np

from base.geometry import Box, Landmarks, Mask, Region
from base.lips import Lips
from base.planes import PlanePart
from base.plugins import plugin_names
from blending.carried import carried
from blending.color import match_colors
from blending.detail import restore_texture, texture_mix
from blending.hd import hd
from blending.lip_masks import lips_outline
from blending.masks import MaskShape, Outline, WholeBox, mouth_ellipse
from blending.mix import Mix, alpha_blend, split
from blending.patch import Patch
from blending.pyramid import laplacian_blend
from blending.resample import Floats
from blending.sharpen import sharpen, sharpen_change
from blending.transitions import align_to_edges, guided_filter


class Blender(Protocol):
    """Returns a new region of the size of `face`; where the mask is 0 it equals `face`."""

    def __call__(self, patch: Patch, face: Region, mask: Mask, /) -> Region: ...


class Mixer(Protocol):
    """How the patch takes the face's place in a region of a size; None if it changes nothing."""

    def __call__(self, patch: Patch, size: tuple[int, int], /) -> Mix | None: ...


@dataclass(frozen=True)
class Method:
    """The outline of the new mouth, and the function that blends it into the face."""

    outline: Callable[[Box, Landmarks, Lips | None, MaskShape], Outline]
    blend: Blender
    mix: Mixer | None = None  # if it only mixes, at least without texture: done in planes
    keeps_colors: bool = False  # the patch's colours are not matched, whatever the settings say
    uses_texture: bool = False  # it looks at what the patch's texture offers


def pasted(patch: Patch, size: tuple[int, int], /) -> Mix:
    """The patch alone, without the face's texture."""
    everything = np.ones((patch.side, patch.side), np.float32)
    return Mix(everything, split(patch.pixels), patch.to_region)


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
    "original": Method(whole_box, paste, pasted, keeps_colors=True),
    "ellipse": Method(mouth, alpha, texture_mix),
    "multiscale": Method(mouth, multiscale),
    "edge_aware": Method(mouth, edge_aware),
    "guided": Method(mouth, guided),
    "hd": Method(mouth, hd),
    "lips": Method(mouth, carried, texture_mix, uses_texture=True),
}


def method_named(name: str) -> Method:
    """One of BLENDERS, or that of a plug-in; ValueError for any other."""
    if name in BLENDERS:
        return BLENDERS[name]
    if name not in plugin_names("blenders"):
        raise ValueError(f"no blend method {name}; there are {', '.join(BLENDERS)}")
    return _plugin_method(name)


@lru_cache(maxsize=8)
def _plugin_method(name: str) -> Method:
    from blending.plugins import PluginBlend

    return Method(mouth, PluginBlend(name))


@dataclass(frozen=True)
class BlendSettings:
    """How a patch is blended into a face."""

    method: str = "ellipse"
    shape: MaskShape = field(default_factory=MaskShape)
    sharpen: float = 0.0  # amount of the unsharp mask, 0 to 2; 0 leaves the mouth as generated
    match_color: bool = True

    def __post_init__(self) -> None:
        method_named(self.method)
        if not 0 <= self.sharpen <= 2:
            raise ValueError(f"sharpening must be 0 to 2, got {self.sharpen}")

    @property
    def uses_texture(self) -> bool:
        """Whether the method looks at what a patch's texture offers."""
        return method_named(self.method).uses_texture

    def outline(self, box: Box, landmarks: Landmarks, lips: Lips | None = None) -> Outline:
        return method_named(self.method).outline(box, landmarks, lips, self.shape)

    def mixes(self, patch: Patch) -> bool:
        """Whether it does no more than mix this patch in: then `change` does what `blend` does."""
        return method_named(self.method).mix is not None and patch.texture is None

    def blend(self, patch: Patch, face: Region, mask: Mask, box: Box) -> Region:
        """Return `face` with the mouth of `patch`; where the mask is 0 it equals `face`."""
        region = method_named(self.method).blend(self._matched(patch, mask), face, mask)
        if self.sharpen == 0:
            return region
        return alpha_blend(sharpen(region, self.sharpen, box.width), region, mask)

    def change(
        self, patch: Patch, parts: Sequence[PlanePart], mask: Mask, box: Box
    ) -> list[Floats]:
        """What `blend` adds to each plane of the parts; an empty list if nothing is changed.

        Equal to it within a level where a frame's colours lie inside BGR; for methods that mix.
        """
        mixer = method_named(self.method).mix
        if mixer is None:
            raise ValueError(f"{self.method} is no mix")
        height, width = mask.shape
        mix = mixer(self._matched(patch, mask), (width, height))
        if mix is None and self.sharpen == 0:
            return []
        changes = [(mix or Mix.unchanged()).change(part, mask) for part in parts]
        if self.sharpen:
            for part, change in zip(parts, changes, strict=True):
                sharpen_change(part, change, mask, self.sharpen, box.width)
        return list(chain.from_iterable(changes))

    def _matched(self, patch: Patch, mask: Mask) -> Patch:
        """The patch in the colours of its source face, unless they are to stay."""
        if not self.match_color or method_named(self.method).keeps_colors:
            return patch
        return match_colors(patch, mask)
