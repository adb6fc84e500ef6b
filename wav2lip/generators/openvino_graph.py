"""The torch network rebuilt as an OpenVINO graph: in a blink, where tracing it takes seconds."""

from functools import reduce

import numpy as np
from torch import Tensor, nn

from openvino_core import ops, ov
from wav2lip.generators.batch import BANDS, COLUMNS, SIDE
from wav2lip.network import Conv, Wav2Lip


def graph_of(network: Wav2Lip) -> ov.Model:
    """(mel, face) -> face, as `Wav2Lip.forward` does it; its batch norms must be folded."""
    mel = ops.parameter([-1, 1, BANDS, COLUMNS], np.float32, name="mel")
    face = ops.parameter([-1, 6, SIDE, SIDE], np.float32, name="face")
    skips: list[ov.Node] = []
    x: ov.Node = face
    for encode in network.face_encoder_blocks:
        x = node_of(x, encode)
        skips.append(x)
    x = node_of(mel, network.audio_encoder)
    for decode in network.face_decoder_blocks:
        x = ops.concat([node_of(x, decode), skips.pop()], 1)
    out = ops.result(node_of(x, network.output_block))
    return ov.Model([out], [mel, face], "wav2lip")


def node_of(x: ov.Node, layer: nn.Module) -> ov.Node:
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


def convolution(x: ov.Node, layer: nn.Conv2d) -> ov.Node:
    pads = list(layer.padding)
    y = ops.convolution(x, constant(layer.weight), list(layer.stride), pads, pads, [1, 1])
    return with_bias(y, layer.bias)


def transposed_convolution(x: ov.Node, layer: nn.ConvTranspose2d) -> ov.Node:
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


def with_bias(y: ov.Node, bias: Tensor | None) -> ov.Node:
    return y if bias is None else ops.add(y, constant(bias.reshape(1, -1, 1, 1)))


def constant(weight: Tensor) -> ov.Node:
    """In the tensor's own memory: a copy of every weight would be 145 MB."""
    return ops.constant(weight.detach().contiguous().numpy(), shared_memory=True)
