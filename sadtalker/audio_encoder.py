"""The audio encoder of two networks: what is heard around a frame, as 512 numbers."""

import torch
from torch import Tensor, nn

FEATURES = 512
Stride = int | tuple[int, int]


class ConvBlock(nn.Module):
    """Convolution, batch norm and ReLU; `residual` adds the input before the ReLU."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: Stride = 1,
        *,
        kernel: int = 3,
        padding: int = 1,
        residual: bool = False,
    ) -> None:
        super().__init__()
        conv = nn.Conv2d(inputs, outputs, kernel, stride, padding)
        self.conv_block = nn.Sequential(conv, nn.BatchNorm2d(outputs))
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv_block(x)
        return torch.relu(y + x if self.residual else y)


def audio_layers() -> nn.Sequential:
    """(n, 1, 80, 16) of a mel -> (n, 512, 1, 1)."""
    return nn.Sequential(
        ConvBlock(1, 32),
        *(_residual(32) for _ in range(2)),
        ConvBlock(32, 64, (3, 1)),
        *(_residual(64) for _ in range(2)),
        ConvBlock(64, 128, 3),
        *(_residual(128) for _ in range(2)),
        ConvBlock(128, 256, (3, 2)),
        _residual(256),
        ConvBlock(256, FEATURES, padding=0),
        ConvBlock(FEATURES, FEATURES, kernel=1, padding=0),
    )


class AudioEncoder(nn.Module):
    """(n, 1, 80, 16) of a mel -> (n, 512)."""

    def __init__(self) -> None:
        super().__init__()
        self.audio_encoder = audio_layers()

    def forward(self, windows: Tensor) -> Tensor:
        heard: Tensor = self.audio_encoder(windows)
        return heard.flatten(1)


def _residual(channels: int) -> ConvBlock:
    return ConvBlock(channels, channels, residual=True)
