"""The network as an OpenVINO graph that computes only what is shown, from its weights alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from base.geometry import Rect
from base.openvino import ops, ov
from wav2lip.generators.batch import BANDS, COLUMNS, SIDE
from wav2lip.layers import (
    AUDIO_ENCODER,
    COLOURS,
    FACE_DECODER,
    FACE_ENCODER,
    OUTPUT,
    Block,
    Layer,
    Weights,
    named,
)
from wav2lip.receptive import Size, outputs_wanted, rect_of, size_after, taken, whole


@dataclass(frozen=True)
class Part:
    """What is computed of a picture of `size`: the pixels in `rect`."""

    node: ov.Node  # (n, channels, height, width)
    rect: Rect
    size: Size

    def cut(self, rect: Rect) -> ov.Node:
        if rect == self.rect:
            return self.node
        first = [rect.top - self.rect.top, rect.left - self.rect.left]
        last = [rect.bottom - self.rect.top, rect.right - self.rect.left]
        return ops.slice(self.node, *(np.array(i, np.int64) for i in (first, last, [1, 1], [2, 3])))


def graph_of(weights: Weights, shown: Rect) -> ov.Model:
    """(mel, face) -> the part `shown` of what the whole network makes, (n, 3, height, width).

    The batch norms must be folded into the weights.
    """
    mel = ops.parameter([-1, 1, BANDS, COLUMNS], np.float32, name="mel")
    face = ops.parameter([-1, 6, SIDE, SIDE], np.float32, name="face")
    skips = encoded_faces(Part(face, whole((SIDE, SIDE)), (SIDE, SIDE)), weights)
    sound = Part(mel, whole((BANDS, COLUMNS)), (BANDS, COLUMNS))
    x = encoded(sound, "audio_encoder", AUDIO_ENCODER, weights)
    out = decoded(x, skips, weights, shown)
    return ov.Model([ops.result(out)], [mel, face], "wav2lip")


def encoded_faces(face: Part, weights: Weights) -> list[Part]:
    """After every block, the largest first."""
    parts = []
    for i, block in enumerate(FACE_ENCODER):
        face = encoded(face, f"face_encoder_blocks.{i}", block, weights)
        parts.append(face)
    return parts


def encoded(x: Part, prefix: str, block: Block, weights: Weights) -> Part:
    for name, layer in named(prefix, block):
        x = laid_on(x, name, layer, weights, whole(size_after(layer, x.size)))
    return x


def decoded(x: Part, skips: list[Part], weights: Weights, shown: Rect) -> ov.Node:
    layers = [layer for block in FACE_DECODER for layer in block]
    wanted = iter(outputs_wanted([*layers, OUTPUT, COLOURS], x.size, shown))
    for i, block in enumerate(FACE_DECODER):
        for name, layer in named(f"face_decoder_blocks.{i}", block):
            x = laid_on(x, name, layer, weights, next(wanted))
        x = Part(ops.concat([x.node, skips.pop().cut(x.rect)], 1), x.rect, x.size)
    ((name, layer),) = named("output_block", (OUTPUT,))
    x = laid_on(x, name, layer, weights, next(wanted))
    return ops.sigmoid(convolved(x, "output_block.1", COLOURS, weights, next(wanted)))


def laid_on(x: Part, name: str, layer: Layer, weights: Weights, wanted: Rect) -> Part:
    """The part `wanted` of what the layer makes of `x`."""
    y = convolved(x, name, layer, weights, wanted)
    y = ops.relu(ops.add(y, x.cut(wanted)) if layer.residual else y)
    return Part(y, wanted, size_after(layer, x.size))


def convolved(x: Part, name: str, layer: Layer, weights: Weights, wanted: Rect) -> ov.Node:
    rows, columns = taken(layer, wanted, x.size)
    given, kernels = x.cut(rect_of(rows, columns)), constant(weights[f"{name}.weight"])
    ends = [rows.before, columns.before], [rows.after, columns.after]
    if layer.transposed:
        y = ops.convolution_backprop_data(
            given, kernels, list(layer.strides), None, *ends, dilations=[1, 1]
        )
    else:
        y = ops.convolution(given, kernels, list(layer.strides), *ends, [1, 1])
    return ops.add(y, constant(weights[f"{name}.bias"].reshape(1, -1, 1, 1)))


def constant(weight: NDArray[np.float32]) -> ov.Node:
    """In the array's own memory: a copy of every weight would be 145 MB."""
    return ops.constant(weight, shared_memory=True)
