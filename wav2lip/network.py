"""The Wav2Lip network: a mel window and a masked face in, the face with its mouth out.

Module names follow the published checkpoints, so that their state dicts load as they are.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

# (in, out, kernel, stride, padding); stride may differ by axis: (mel bands, columns)
Layer = tuple[int, int, int, int | tuple[int, int], int]


class Conv(nn.Module):
    """Convolution, batch norm and ReLU; with `residual` its input is added before the ReLU."""

    def __init__(self, layer: Layer, residual: bool = False) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(self.convolution(*layer), nn.BatchNorm2d(layer[1]))
        self.residual = residual

    @staticmethod
    def convolution(
        channels: int, out: int, kernel: int, stride: int | tuple[int, int], padding: int
    ) -> nn.Module:
        return nn.Conv2d(channels, out, kernel, stride, padding)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv_block(x)
        return torch.relu(y + x if self.residual else y)


class Transposed(Conv):
    """The same with a transposed convolution; with stride 2 it doubles height and width."""

    @staticmethod
    def convolution(
        channels: int, out: int, kernel: int, stride: int | tuple[int, int], padding: int
    ) -> nn.Module:
        return nn.ConvTranspose2d(channels, out, kernel, stride, padding, output_padding=padding)


def chain(*first: Conv, residuals: int = 0, width: int = 0) -> nn.Sequential:
    """The given layers, then `residuals` 3x3 layers that keep size and width."""
    return nn.Sequential(
        *first, *(Conv((width, width, 3, 1, 1), residual=True) for _ in range(residuals))
    )


def face_encoder() -> nn.ModuleList:
    return nn.ModuleList(
        [
            chain(Conv((6, 16, 7, 1, 3))),  # 96x96
            chain(Conv((16, 32, 3, 2, 1)), residuals=2, width=32),  # 48x48
            chain(Conv((32, 64, 3, 2, 1)), residuals=3, width=64),  # 24x24
            chain(Conv((64, 128, 3, 2, 1)), residuals=2, width=128),  # 12x12
            chain(Conv((128, 256, 3, 2, 1)), residuals=2, width=256),  # 6x6
            chain(Conv((256, 512, 3, 2, 1)), residuals=1, width=512),  # 3x3
            chain(Conv((512, 512, 3, 1, 0)), Conv((512, 512, 1, 1, 0))),  # 1x1
        ]
    )


def audio_encoder() -> nn.Sequential:
    parts = [
        chain(Conv((1, 32, 3, 1, 1)), residuals=2, width=32),  # 80x16
        chain(Conv((32, 64, 3, (3, 1), 1)), residuals=2, width=64),  # 27x16
        chain(Conv((64, 128, 3, 3, 1)), residuals=2, width=128),  # 9x6
        chain(Conv((128, 256, 3, (3, 2), 1)), residuals=1, width=256),  # 3x3
        chain(Conv((256, 512, 3, 1, 0)), Conv((512, 512, 1, 1, 0))),  # 1x1
    ]
    return nn.Sequential(*(layer for part in parts for layer in part))


def face_decoder() -> nn.ModuleList:
    """Each block's output is joined with the face encoder's of the same size: hence the widths."""
    return nn.ModuleList(
        [
            chain(Conv((512, 512, 1, 1, 0))),  # 1x1
            chain(Transposed((1024, 512, 3, 1, 0)), residuals=1, width=512),  # 3x3
            chain(Transposed((1024, 512, 3, 2, 1)), residuals=2, width=512),  # 6x6
            chain(Transposed((768, 384, 3, 2, 1)), residuals=2, width=384),  # 12x12
            chain(Transposed((512, 256, 3, 2, 1)), residuals=2, width=256),  # 24x24
            chain(Transposed((320, 128, 3, 2, 1)), residuals=2, width=128),  # 48x48
            chain(Transposed((160, 64, 3, 2, 1)), residuals=2, width=64),  # 96x96
        ]
    )


class Wav2Lip(nn.Module):
    """Mel (n, 1, 80, 16) and face (n, 6, 96, 96) in 0..1 -> face (n, 3, 96, 96) in 0..1, BGR."""

    def __init__(self) -> None:
        super().__init__()
        self.face_encoder_blocks = face_encoder()
        self.audio_encoder = audio_encoder()
        self.face_decoder_blocks = face_decoder()
        self.output_block = nn.Sequential(
            Conv((80, 32, 3, 1, 1)), nn.Conv2d(32, 3, 1), nn.Sigmoid()
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
    """In place: every batch norm becomes part of its convolution, for the same result faster."""
    for module in network.modules():
        if isinstance(module, Conv):
            convolution, norm = cast(Any, module.conv_block)
            transposed = isinstance(module, Transposed)
            module.conv_block = nn.Sequential(fuse_conv_bn_eval(convolution, norm, transposed))
    return network
