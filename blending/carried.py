"""Sharp lips from few pixels: the video's own texture, carried to the generated mouth.

Two layers of texture are moved to the generated mouth by optical flow: the frame itself, and
another frame of the clip, a donor. Each is trusted where it looks like the patch; where both do,
they share. Of a layer only what is finer than the patch is used: all else is the patch's own. Where
neither layer fits, the patch is sharpened as far as the generator blurred it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Mask, Picture, Region
from blending.detail import restore_texture, suppress_noise
from blending.mix import alpha_blend, to_three_channels
from blending.patch import Floats, Patch
from blending.softness import blurred, brightness, patch_softness, sharpened
from blending.texture import Texture, alignment

MARGIN = 4  # patch pixels around what shows, so that flow and filters meet no border
FLOW_SCALE = 2  # the flow is looked for in patches enlarged so much
FLOW_STRIDE, FLOW_STEPS = 6, 8  # pixels between the flow's samples; iterations for each
FLOW_BLUR = 0.75  # patch pixels
NO_FLOW = np.zeros((1, 1, 2), np.float32)  # nothing to start from; zeros would be refined, slowly
LEAST_SIDE = 6  # patch pixels: in less no motion is looked for
FARTHEST = 4.0  # patch pixels that texture is moved by
TREMBLE = 0.65  # patch pixels: what lies in its place and moves less far is the flow's noise
BAND = 2.0  # patch pixels: coarser differences, those of light, do not lower trust
NEARBY = 1.5  # patch pixels over which pictures are compared
STRICTNESS = 4.0, 10.0  # with a sharp patch and a soft one: how little a difference is trusted
SOFT = 0.7  # patch pixels: from here on coarse texture is carried, too, where differences show
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
class Generated:
    """What the generator drew in the window."""

    window: Window
    pixels: Floats
    blur: float  # patch pixels: how much softer it is than its source


@dataclass(frozen=True, eq=False)
class Origin:
    """A picture that texture is taken from."""

    picture: Picture | Region
    to_region: Affine
    reduced: Floats  # what the generator would be fed of it, in the window
    tremble: float = 0.0  # patch pixels: motions shorter than this are shrunk


@dataclass(frozen=True, eq=False)
class Layer:
    """Texture in the region, moved to the generated mouth."""

    texture: Region
    reduced: Floats  # the texture in the window, as soft as the patch
    trust: Floats  # (height, width) of the window, 0 to 1


def carried(patch: Patch, face: Region, mask: Mask, /) -> Region:
    """Blend by the mask, with texture of the video itself; without lips it is `alpha`."""
    if patch.texture is None:
        return alpha_blend(restore_texture(patch, face), face, mask)
    if np.array_equal(patch.pixels, patch.source):
        return face
    window = Window.of(patch, face)
    pixels, source = (window.part_of(square) for square in (patch.pixels, patch.source))
    generated = Generated(window, pixels, patch_softness(patch, face))
    origins = [Origin(face, IN_PLACE, source, TREMBLE), *_donors(generated, patch.texture)]
    layers = [_moved_layer(generated, origin) for origin in origins]
    return alpha_blend(_composed(patch, face, generated, layers), face, mask)


def trust(generated: Floats, reduced: Floats, blur: float) -> Floats:
    """1 where the two show the same texture, towards 0 where they do not.

    Of a sharp patch little is replaced, so that similar texture will do.
    """
    new, old = (light - blurred(light, BAND) for light in map(brightness, (generated, reduced)))
    mismatch = blurred(np.square(new - old), NEARBY)
    energy = blurred(np.square(new) + np.square(old), NEARBY)
    least, most = STRICTNESS
    strictness = least + (most - least) * min(blur / SOFT, 1.0)
    return np.asarray(np.exp(-strictness * mismatch / (0.5 * energy + FLAT**2)), np.float32)


def shares(trusts: Sequence[Floats]) -> list[Floats]:
    """How much of each layer shows: together as much as the most trusted is trusted."""
    squares = [np.square(one) for one in trusts]
    total = np.maximum(sum(squares), np.float32(1e-12))
    scale = np.maximum.reduce(trusts) / total
    return [np.asarray(square * scale, np.float32) for square in squares]


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
    fine = search.calc(new, old, NO_FLOW)
    flow = np.asarray(cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    flow = blurred(flow / np.float32(FLOW_SCALE), FLOW_BLUR)
    length = np.maximum(cv2.magnitude(flow[:, :, 0], flow[:, :, 1]), np.float32(1e-3))
    return np.asarray(flow * np.minimum(1, np.float32(FARTHEST) / length)[:, :, None])


def steadied(flow: Floats, tremble: float) -> Floats:
    """Shrink short motions, so that what does not move keeps its place from frame to frame."""
    if tremble == 0:
        return flow
    fourth = np.square(np.square(flow).sum(2, keepdims=True))
    return np.asarray(flow * (fourth / (fourth + np.float32(tremble**4))), np.float32)


def _donors(generated: Generated, texture: Texture) -> Iterator[Origin]:
    """The donor whose mouth is nearest; none for a still."""
    if texture.donors is None:
        return
    window = generated.window
    donor = texture.donors.nearest(
        generated.pixels, texture.lips.mapped(window.to_region.inverse())
    )
    to_region = alignment(donor.lips, texture.lips)
    yield Origin(donor.pixels, to_region, window.reduced(donor.pixels, to_region))


def _moved_layer(generated: Generated, origin: Origin) -> Layer:
    """The picture, moved so that it looks like the generated mouth."""
    window, pixels, blur = generated.window, generated.pixels, generated.blur
    flow = steadied(optical_flow(pixels, blurred(origin.reduced, blur)), origin.tremble)
    x, y = _sources(window, flow, origin.to_region)
    moved = cv2.remap(origin.picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    texture = np.asarray(moved, np.float32)
    reduced = blurred(window.reduced(texture, IN_PLACE), blur)
    return Layer(texture, reduced, trust(pixels, reduced, blur))


def _sources(window: Window, flow: Floats, to_region: Affine) -> tuple[Floats, Floats]:
    """x and y in a picture that lies so in the region, of each of the region's pixels."""
    large = _warp(flow, window.to_region.warp_matrix(), window.region_size)
    x, y = (np.asarray(part, np.float32) for part in cv2.split(large))
    width, height = window.region_size
    x *= np.float32(window.to_region.a)
    x += np.arange(width, dtype=np.float32)
    y *= np.float32(window.to_region.e)
    y += np.arange(height, dtype=np.float32)[:, None]
    if to_region == IN_PLACE:
        return x, y
    (a, b, c), (d, e, f) = to_region.inverse().warp_matrix().astype(np.float32)
    return np.asarray(a * x + b * y + c), np.asarray(d * x + e * y + f)


def _composed(patch: Patch, face: Region, generated: Generated, layers: Sequence[Layer]) -> Region:
    """The layers' texture with the patch's change of it; the sharpened patch where none shows."""
    weights = shares([layer.trust for layer in layers])
    rest = np.asarray(1 - np.maximum.reduce([layer.trust for layer in layers]), np.float32)
    change = to_three_channels(rest) * sharpened(generated.pixels, generated.blur)
    for layer, weight in zip(layers, weights, strict=True):
        change += to_three_channels(weight) * suppress_noise(generated.pixels - layer.reduced)
    square = np.zeros((patch.side, patch.side, 3 + len(layers)), np.float32)
    square[generated.window.part] = np.dstack([change, *weights])
    planes = cv2.split(patch.warp(square, face))
    result: Floats = np.asarray(cv2.merge(planes[:3]), np.float32)
    for layer, plane in zip(layers, planes[3:], strict=True):
        weight = np.asarray(plane.clip(0, 1), np.float32)
        result += to_three_channels(weight) * layer.texture
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
