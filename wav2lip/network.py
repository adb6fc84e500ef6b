"""The Wav2Lip network in torch: a mel window and a masked face in, the face with its mouth out.

Module names follow the published checkpoints, so that their state dicts load as they are.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from wav2lip.layers import (
    AUDIO_ENCODER,
    COLOURS,
    FACE_DECODER,
    FACE_ENCODER,
    OUTPUT,
    Block,
    Layer,
    Weights,
)


class Conv(nn.Module):
    """Convolution, batch norm and ReLU."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(convolution(layer), nn.BatchNorm2d(layer.out))
        self.residual = layer.residual

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv_block(x)
        return torch.relu(y + x if self.residual else y)


def convolution(layer: Layer) -> nn.Module:
    sizes = layer.channels, layer.out, layer.kernel, layer.stride, layer.padding
    if layer.transposed:
        return nn.ConvTranspose2d(*sizes, output_padding=layer.output_padding)
    return nn.Conv2d(*sizes)


def chain(block: Block) -> nn.Sequential:
    return nn.Sequential(*map(Conv, block))


class Wav2Lip(nn.Module):
    """Mel (n, 1, 80, 16) and face (n, 6, 96, 96) in 0..1 -> face (n, 3, 96, 96) in 0..1, BGR."""

    def __init__(self) -> None:
        super().__init__()
        self.face_encoder_blocks = nn.ModuleList(map(chain, FACE_ENCODER))
        self.audio_encoder = chain(AUDIO_ENCODER)
        self.face_decoder_blocks = nn.ModuleList(map(chain, FACE_DECODER))
        self.output_block = nn.Sequential(Conv(OUTPUT), convolution(COLOURS), nn.Sigmoid())

    def forward(self, mel: Tensor, face: Tensor) -> Tensor:
        skips = []  # (n, 16, 96, 96) ... (n, 512, 1, 1)
        for encode in self.face_encoder_blocks:
            face = encode(face)
            skips.append(face)
        x: Tensor = self.audio_encoder(mel)  # (n, 512, 1, 1)
        for decode in self.face_decoder_blocks:
            x = torch.cat((decode(x), skips.pop()), dim=1)
        out: Tensor = self.output_block(x)  # (n, 3, 96, 96)
        return out


def fold_norms(network: Wav2Lip) -> Wav2Lip:
    """In place: every batch norm becomes part of its convolution, for the same result faster."""
    for module in network.modules():
        if isinstance(module, Conv) and len(module.conv_block) > 1:
            conv, norm = cast(Any, module.conv_block)
            transposed = isinstance(conv, nn.ConvTranspose2d)
            module.conv_block = nn.Sequential(fuse_conv_bn_eval(conv, norm, transposed))
    return network


def folded_weights(network: Wav2Lip) -> Weights:
    """Of the network with its norms folded, which it is from then on."""
    state = fold_norms(network).state_dict()
    return {name: value.contiguous().numpy() for name, value in state.items()}
