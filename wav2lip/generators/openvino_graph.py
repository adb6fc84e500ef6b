"""The network as an OpenVINO graph, built from its weights, that computes the visible part only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from base.generator import BANDS, COLUMNS, SIDE
from base.geometry import Rect
from base.openvino import ops, ov
from wav2lip.layers import (
    AUDIO_ENCODER,
    COLOR_HEAD,
    FACE_DECODER,
    FACE_ENCODER,
    OUTPUT,
    Block,
    Layer,
    Weights,
    named_layers,
)
from wav2lip.receptive import (
    Size,
    input_rect,
    output_size,
    required_inputs,
    required_outputs,
    whole_rect,
)


@dataclass(frozen=True)
class FeatureMap:
    """The part `rect` of a feature map whose whole size is `size`; the rest is not computed."""

    node: ov.Node  # (n, channels, height, width)
    rect: Rect
    size: Size

    def crop(self, rect: Rect) -> ov.Node:
        if rect == self.rect:
            return self.node
        start = [rect.top - self.rect.top, rect.left - self.rect.left]
        stop = [rect.bottom - self.rect.top, rect.right - self.rect.left]
        bounds = start, stop, [1, 1], [2, 3]
        return ops.slice(self.node, *(np.array(bound, np.int64) for bound in bounds))


def build_graph(weights: Weights, visible: Rect) -> ov.Model:
    """(mel, face) -> the visible part of the network's output, (n, 3, height, width).

    The batch norms must be folded into the weights.
    """
    mel = ops.parameter([-1, 1, BANDS, COLUMNS], np.float32, name="mel")
    face = ops.parameter([-1, 6, SIDE, SIDE], np.float32, name="face")
    skips = encode_face(FeatureMap(face, whole_rect((SIDE, SIDE)), (SIDE, SIDE)), weights)
    window = FeatureMap(mel, whole_rect((BANDS, COLUMNS)), (BANDS, COLUMNS))
    x = encode(window, "audio_encoder", AUDIO_ENCODER, weights)
    out = decode(x, skips, weights, visible)
    return ov.Model([ops.result(out)], [mel, face], "wav2lip")


def encode_face(face: FeatureMap, weights: Weights) -> list[FeatureMap]:
    """The face encoder's output after every block, the largest first."""
    features = []
    for i, block in enumerate(FACE_ENCODER):
        face = encode(face, f"face_encoder_blocks.{i}", block, weights)
        features.append(face)
    return features


def encode(x: FeatureMap, prefix: str, block: Block, weights: Weights) -> FeatureMap:
    for name, layer in named_layers(prefix, block):
        x = apply_layer(x, name, layer, weights, whole_rect(output_size(layer, x.size)))
    return x


def decode(x: FeatureMap, skips: list[FeatureMap], weights: Weights, visible: Rect) -> ov.Node:
    layers = [layer for block in FACE_DECODER for layer in block]
    rects = iter(required_outputs([*layers, OUTPUT, COLOR_HEAD], x.size, visible))
    for i, block in enumerate(FACE_DECODER):
        for name, layer in named_layers(f"face_decoder_blocks.{i}", block):
            x = apply_layer(x, name, layer, weights, next(rects))
        x = FeatureMap(ops.concat([x.node, skips.pop().crop(x.rect)], 1), x.rect, x.size)
    ((name, layer),) = named_layers("output_block", (OUTPUT,))
    x = apply_layer(x, name, layer, weights, next(rects))
    return ops.sigmoid(convolve(x, "output_block.1", COLOR_HEAD, weights, next(rects)))


def apply_layer(x: FeatureMap, name: str, layer: Layer, weights: Weights, rect: Rect) -> FeatureMap:
    """The part `rect` of the layer's output."""
    y = convolve(x, name, layer, weights, rect)
    y = ops.relu(ops.add(y, x.crop(rect)) if layer.residual else y)
    return FeatureMap(y, rect, output_size(layer, x.size))


def convolve(x: FeatureMap, name: str, layer: Layer, weights: Weights, rect: Rect) -> ov.Node:
    """The part `rect` of the layer's convolution, with bias."""
    rows, columns = required_inputs(layer, rect, x.size)
    inputs, kernels = x.crop(input_rect(rows, columns)), constant(weights[f"{name}.weight"])
    pads = [rows.before, columns.before], [rows.after, columns.after]
    if layer.transposed:
        y = ops.convolution_backprop_data(
            inputs, kernels, list(layer.strides), None, *pads, dilations=[1, 1]
        )
    else:
        y = ops.convolution(inputs, kernels, list(layer.strides), *pads, [1, 1])
    return ops.add(y, constant(weights[f"{name}.bias"].reshape(1, -1, 1, 1)))


def constant(weight: NDArray[np.float32]) -> ov.Node:
    """A constant in the array's own memory: copies of all weights would take 145 MB."""
    return ops.constant(weight, shared_memory=True)
