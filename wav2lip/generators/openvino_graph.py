"""The torch network rebuilt as an OpenVINO graph: in a blink, where tracing it takes seconds."""

from functools import reduce

import numpy as np
from openvino import Model, Node  # type: ignore[import-untyped]
from openvino import opset13 as ops
from torch import Tensor, nn

from wav2lip.generators.batch import BANDS, COLUMNS, SIDE
from wav2lip.network import Conv, Wav2Lip


def graph_of(network: Wav2Lip) -> Model:
    """(mel, face) -> face, as `Wav2Lip.forward` does it; its batch norms must be folded."""
    mel = ops.parameter([-1, 1, BANDS, COLUMNS], np.float32, name="mel")
    face = ops.parameter([-1, 6, SIDE, SIDE], np.float32, name="face")
    skips: list[Node] = []
    x: Node = face
    for encode in network.face_encoder_blocks:
        x = node_of(x, encode)
        skips.append(x)
    x = node_of(mel, network.audio_encoder)
    for decode in network.face_decoder_blocks:
        x = ops.concat([node_of(x, decode), skips.pop()], 1)
    out = ops.result(node_of(x, network.output_block))
    return Model([out], [mel, face], "wav2lip")


def node_of(x: Node, layer: nn.Module) -> Node:
    """`layer` applied to `x`."""
    if isinstance(layer, nn.Sequential):
        return reduce(node_of, layer, x)
    if isinstance(layer, Conv):
        y = node_of(x, layer.conv_block)
        return ops.relu(ops.add(y, x) if layer.residual else y)
    if isinstance(layer, nn.ConvTranspose2d):
        return transposed_convolution(x, layer)
    if isinstance(layer, nn.Conv2d):
        return convolution(x, layer)
    if isinstance(layer, nn.Sigmoid):
        return ops.sigmoid(x)
    raise TypeError(f"no graph for {layer}")


def convolution(x: Node, layer: nn.Conv2d) -> Node:
    pads = list(layer.padding)
    y = ops.convolution(x, constant(layer.weight), list(layer.stride), pads, pads, [1, 1])
    return with_bias(y, layer.bias)


def transposed_convolution(x: Node, layer: nn.ConvTranspose2d) -> Node:
    pads = list(layer.padding)
    y = ops.convolution_backprop_data(
        x,
        constant(layer.weight),
        list(layer.stride),
        pads_begin=pads,
        pads_end=pads,
        dilations=[1, 1],
        output_padding=list(layer.output_padding),
    )
    return with_bias(y, layer.bias)


def with_bias(y: Node, bias: Tensor | None) -> Node:
    return y if bias is None else ops.add(y, constant(bias.reshape(1, -1, 1, 1)))


def constant(weight: Tensor) -> Node:
    """In the tensor's own memory: a copy of every weight would be 145 MB."""
    return ops.constant(weight.detach().contiguous().numpy(), shared_memory=True)
