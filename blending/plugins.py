"""Blend methods of other packages: a function of three arrays, none of which is ours.

`(patch, face, mask) -> region`: the new mouth and the old face as uint8 BGR of one size, the mask
as float32 in 0..1. What the returned region, uint8 BGR, has changed of the face is laid in.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from base.geometry import Mask, Picture, Region
from base.plugins import load_plugin, package_of, plugin_errors
from blending.detail import restore_texture
from blending.patch import Patch


class PluginBlend:
    """A blender that asks a plug-in; where the mask is 0 nothing of its answer counts."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._blend: Callable[..., Any] = load_plugin("blenders", name)

    def __call__(self, patch: Patch, face: Region, mask: Mask, /) -> Region:
        old = as_levels(face)
        with plugin_errors(self._name, package_of("blenders", self._name)):
            new = np.asarray(self._blend(as_levels(restore_texture(patch, face)), old, mask.copy()))
            if new.shape != old.shape or new.dtype != np.uint8:
                raise TypeError(f"it returned {new.dtype} {new.shape}, not uint8 {old.shape}")
        change: Region = np.subtract(new, old, dtype=np.float32)
        change[mask <= 0] = 0
        change += face
        return change


def as_levels(region: Region) -> Picture:
    """The region rounded to 0..255."""
    return np.clip(np.rint(region), 0, 255).astype(np.uint8)
