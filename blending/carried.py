"""Sharp lips from 96 pixels: the video's own texture, carried to the generated mouth.

The patch is met by two layers of texture: the frame itself, and another frame of the clip, a donor,
moved to the generated mouth by optical flow. Each is trusted where it looks like the patch. Of a
layer only what is finer than the patch is used: all else is the patch's own. Where neither layer
fits, the patch is sharpened as far as the generator blurred it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Mask, Picture, Region
from blending.detail import restore_texture, suppress_noise
from blending.mix import alpha_blend, to_three_channels
from blending.patch import SIDE, Floats, Patch
from blending.softness import blurred, brightness, sharpened, softness
from blending.texture import Texture, alignment

MARGIN = 4  # patch pixels around what shows, so that flow and filters meet no border
FLOW_SCALE = 2  # the flow is looked for in patches enlarged so much
FLOW_STRIDE, FLOW_STEPS = 6, 8  # pixels between the flow's samples; iterations for each
FLOW_BLUR = 0.75  # patch pixels
LEAST_SIDE = 6  # patch pixels: in less no motion is looked for
FARTHEST = 4.0  # patch pixels that texture is moved by
BAND = 2.0  # patch pixels: coarser differences, those of light, do not lower trust
NEARBY = 1.5  # patch pixels over which pictures are compared
STRICTNESS = 8.0  # the larger, the less a layer is trusted that differs
FLAT = 4.0  # levels: a difference that hardly counts

IN_PLACE = Affine.shift(0, 0)

Matrix = NDArray[np.float64]  # (2, 3)


@dataclass(frozen=True, eq=False)
class Window:
    """The part of a patch that shows in the region."""

    part: tuple[slice, slice]  # rows, columns
    to_region: Affine  # from the part's pixels
    region_size: tuple[int, int]  # width, height

    @classmethod
    def of(cls, patch: Patch, face: Region) -> "Window":
        rows, columns = patch.visible_slices(face, MARGIN)
        to_region = Affine.shift(columns.start, rows.start).then(patch.to_region)
        height, width = face.shape[:2]
        return cls((rows, columns), to_region, (width, height))

    @property
    def size(self) -> tuple[int, int]:
        rows, columns = self.part
        return int(columns.stop - columns.start), int(rows.stop - rows.start)

    def part_of(self, square: Picture | Region) -> Floats:
        return np.ascontiguousarray(square[self.part], np.float32)

    def reduced(self, picture: Picture | Region, to_region: Affine) -> Floats:
        """What the generator would be fed of a picture that lies so in the region."""
        to_window = to_region.then(self.to_region.inverse())
        shrinking = 1 / math.sqrt(
            max(abs(to_window.a * to_window.e - to_window.b * to_window.d), 1e-4)
        )
        # a sample between four pixels is their mean, so half as many samples are enough
        factor = max(1, math.ceil(shrinking / 2 - 0.25))
        width, height = self.size
        matrix = to_window.then(Affine(factor, 0, 0, 0, factor, 0)).warp_matrix()
        samples = _warp(picture, matrix, (width * factor, height * factor))
        reduced = cv2.resize(samples, (width, height), interpolation=cv2.INTER_AREA)
        return np.asarray(reduced, np.float32)


@dataclass(frozen=True, eq=False)
class Layer:
    """Texture in the region, and how far it may be shown there."""

    texture: Region
    reduced: Floats  # the texture in the patch's window, as soft as the patch
    trust: Floats  # (height, width) of the window, 0 to 1


def carried(patch: Patch, face: Region, mask: Mask, /) -> Region:
    """Blend by the mask, with texture of the video itself; without lips it is `alpha`."""
    if patch.texture is None:
        return alpha_blend(restore_texture(patch, face), face, mask)
    if np.array_equal(patch.pixels, patch.source):
        return face
    window = Window.of(patch, face)
    generated, source = (window.part_of(square) for square in (patch.pixels, patch.source))
    softened = softness(generated, source)
    layers = (
        _layer(face, blurred(source, softened), generated),
        _moved_layer(window, generated, softened, *_donor(window, generated, patch.texture, face)),
    )
    new = _composed(patch, face, window, layers, sharpened(generated, softened))
    return alpha_blend(new, face, mask)


def trust(generated: Floats, reduced: Floats) -> Floats:
    """1 where the two show the same texture, towards 0 where they do not."""
    new, old = (light - blurred(light, BAND) for light in map(brightness, (generated, reduced)))
    mismatch = blurred(np.square(new - old), NEARBY)
    energy = blurred(np.square(new) + np.square(old), NEARBY)
    return np.asarray(np.exp(-STRICTNESS * mismatch / (0.5 * energy + FLAT**2)), np.float32)


def optical_flow(generated: Floats, reduced: Floats) -> Floats:
    """(height, width, 2) x, y: from each pixel to where `reduced` shows the same."""
    height, width = generated.shape[:2]
    if min(height, width) < LEAST_SIDE:
        return np.zeros((height, width, 2), np.float32)
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    search.setFinestScale(0)
    search.setPatchStride(FLOW_STRIDE)
    search.setGradientDescentIterations(FLOW_STEPS)
    new, old = _enlarged(generated), _enlarged(reduced)
    fine = search.calc(new, old, np.zeros((*new.shape, 2), np.float32))
    flow = np.asarray(cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    flow = blurred(flow / np.float32(FLOW_SCALE), FLOW_BLUR)
    length = np.maximum(cv2.magnitude(flow[:, :, 0], flow[:, :, 1]), np.float32(1e-3))
    return np.asarray(flow * np.minimum(1, np.float32(FARTHEST) / length)[:, :, None])


def _donor(
    window: Window, generated: Floats, texture: Texture, face: Region
) -> tuple[Picture | Region, Affine]:
    """The picture that texture is taken from, and how it lies in the region."""
    if texture.donors is None:
        return face, IN_PLACE
    lips = texture.lips.mapped(window.to_region.inverse())
    donor = texture.donors.nearest(generated, lips)
    return donor.pixels, alignment(donor.lips, texture.lips)


def _layer(texture: Region, reduced: Floats, generated: Floats) -> Layer:
    return Layer(texture, reduced, trust(generated, reduced))


def _moved_layer(
    window: Window,
    generated: Floats,
    softened: float,
    picture: Picture | Region,
    to_region: Affine,
) -> Layer:
    """The picture, moved so that it looks like the generated mouth."""
    in_place = blurred(window.reduced(picture, to_region), softened)
    x, y = _sources(window, optical_flow(generated, in_place), to_region)
    moved = cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    texture = np.asarray(moved, np.float32)
    reduced = blurred(window.reduced(texture, IN_PLACE), softened)
    return _layer(texture, reduced, generated)


def _sources(window: Window, flow: Floats, to_region: Affine) -> tuple[Floats, Floats]:
    """x and y in a picture that lies so in the region, of each of the region's pixels."""
    large = _warp(flow, window.to_region.warp_matrix(), window.region_size)
    x, y = cv2.split(large)
    width, height = window.region_size
    x = x * np.float32(window.to_region.a) + np.arange(width, dtype=np.float32)
    y = y * np.float32(window.to_region.e) + np.arange(height, dtype=np.float32)[:, None]
    (a, b, c), (d, e, f) = to_region.inverse().warp_matrix().astype(np.float32)
    return np.asarray(a * x + b * y + c), np.asarray(d * x + e * y + f)


def _composed(
    patch: Patch, face: Region, window: Window, layers: Sequence[Layer], crisp: Floats
) -> Region:
    """The layers' texture with the patch's change of it; the first that is trusted shows."""
    generated = window.part_of(patch.pixels)
    left = np.ones(crisp.shape[:2], np.float32)
    weights, change = [], np.zeros_like(crisp)
    for layer in layers:
        weight = np.clip(layer.trust - (1 - left), 0, left)
        change += to_three_channels(weight) * suppress_noise(generated - layer.reduced)
        weights.append(weight)
        left = left - weight
    square = np.zeros((SIDE, SIDE, 3 + len(layers)), np.float32)
    square[window.part] = np.dstack([change + to_three_channels(left) * crisp, *weights])
    large = patch.warp(square, face)
    result = np.ascontiguousarray(large[:, :, :3])
    for index, layer in enumerate(layers, 3):
        result += to_three_channels(large[:, :, index].clip(0, 1)) * layer.texture
    return result


def _enlarged(picture: Floats) -> Picture:
    levels = np.clip(np.rint(brightness(picture)), 0, 255).astype(np.uint8)
    size = levels.shape[1] * FLOW_SCALE, levels.shape[0] * FLOW_SCALE
    return np.asarray(cv2.resize(levels, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _warp(picture: Picture | Floats, matrix: Matrix, size: tuple[int, int]) -> Floats:
    warped = cv2.warpAffine(
        picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped)
