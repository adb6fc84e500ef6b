"""What a frame's sound says to the network that draws it."""

import torch
from torch import Tensor, nn

from base.generator import BANDS, COLUMNS
from diff2lip.blocks import (
    Block,
    Norm,
    Residual,
    Resize,
    convolution,
    embedded_number,
    embedding_layers,
    halved,
)

WIDTH = 32  # channels of the first layers, and of the embedding
BANDS_KEPT = 64  # rows of the picture that the sound becomes
# channels of each level, and what its end halves
LEVELS: tuple[tuple[int, Resize], ...] = (
    (32, halved(columns=1)),
    (64, halved(columns=1)),
    (96, halved()),
)
FEATURES = 128  # channels of the result, 8 x 8


class AudioEncoder(nn.Module):
    """Mel (n, 80, 16) -> features (n, 128, 8, 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.time_embed = embedding_layers(WIDTH, WIDTH)
        self.input_block = nn.Sequential(
            nn.Conv1d(BANDS, BANDS_KEPT, 3, padding=1), Norm(BANDS_KEPT), nn.SiLU()
        )
        self.encoder_blocks = nn.ModuleList([Block([convolution(1, WIDTH)])])
        channels = WIDTH
        for width, resize in LEVELS:
            self._add_level(channels, width)
            self.encoder_blocks.append(Block([Residual(width, width, WIDTH, resize)]))
            channels = width
        self._add_level(channels, FEATURES)
        self.middle_block = Block([Residual(FEATURES, FEATURES, WIDTH)])

    def _add_level(self, channels: int, width: int) -> None:
        for inputs in channels, width:
            self.encoder_blocks.append(Block([Residual(inputs, width, WIDTH)]))

    def forward(self, mel: Tensor) -> Tensor:
        first = self.input_block[0]
        assert isinstance(first, nn.Conv1d)
        start = torch.zeros(1, device=mel.device)  # the same at every step
        embedding = self.time_embed(embedded_number(start, WIDTH))
        x = self.input_block(mel.to(first.weight.dtype)).reshape(-1, 1, BANDS_KEPT, COLUMNS)
        for block in self.encoder_blocks:
            x = block(x, embedding)
        features: Tensor = self.middle_block(x, embedding)
        return features


def style_layers(width: int) -> nn.Sequential:
    """Features -> one row of numbers (n, width, 1, 1)."""
    return nn.Sequential(
        Norm(FEATURES), nn.SiLU(), nn.AdaptiveAvgPool2d(1), nn.Conv2d(FEATURES, width, 1)
    )
