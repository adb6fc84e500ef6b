"""The Wav2Lip network in torch: from a mel window and a masked face to the face with a new mouth.

Module names follow the published checkpoints, so their state dicts load without renaming.
"""

from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from wav2lip.checkpoint import load_weights
from wav2lip.layers import (
    AUDIO_ENCODER,
    COLOR_HEAD,
    FACE_DECODER,
    FACE_ENCODER,
    OUTPUT,
    Block,
    Layer,
)


class ConvBlock(nn.Module):
    """Convolution, batch norm and ReLU."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(make_convolution(layer), nn.BatchNorm2d(layer.out_channels))
        self.residual = layer.residual

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv_block(x)
        return torch.relu(y + x if self.residual else y)


def make_convolution(layer: Layer) -> nn.Module:
    arguments = layer.in_channels, layer.out_channels, layer.kernel, layer.stride, layer.padding
    if layer.transposed:
        return nn.ConvTranspose2d(*arguments, output_padding=layer.output_padding)
    return nn.Conv2d(*arguments)


def make_sequential(block: Block) -> nn.Sequential:
    return nn.Sequential(*map(ConvBlock, block))


class Wav2Lip(nn.Module):
    """Mel (n, 1, 80, 16) and face (n, 6, 96, 96) in 0..1 -> face (n, 3, 96, 96) in 0..1, BGR."""

    def __init__(self) -> None:
        super().__init__()
        self.face_encoder_blocks = nn.ModuleList(map(make_sequential, FACE_ENCODER))
        self.audio_encoder = make_sequential(AUDIO_ENCODER)
        self.face_decoder_blocks = nn.ModuleList(map(make_sequential, FACE_DECODER))
        self.output_block = nn.Sequential(
            ConvBlock(OUTPUT), make_convolution(COLOR_HEAD), nn.Sigmoid()
        )

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
    """Fold every batch norm into its convolution, in place: same output, less work."""
    for module in network.modules():
        if isinstance(module, ConvBlock) and len(module.conv_block) > 1:
            conv, norm = cast(Any, module.conv_block)
            transposed = isinstance(conv, nn.ConvTranspose2d)
            module.conv_block = nn.Sequential(fuse_conv_bn_eval(conv, norm, transposed))
    return network


def load_network(path: Path) -> Wav2Lip:
    """Build the network with the checkpoint's weights in float32, ready for inference."""
    with torch.device("meta"):  # no memory, no random numbers: every tensor is replaced
        network = Wav2Lip()
    counters = {
        name: torch.zeros((), dtype=value.dtype)
        for name, value in network.state_dict().items()
        if name.endswith("num_batches_tracked")
    }
    weights = {
        name: torch.from_numpy(np.require(array, requirements=("C", "A", "W")))
        for name, array in load_weights(path).items()
    }
    network.load_state_dict(counters | weights, assign=True)
    return network.eval().requires_grad_(False)
