"""The network that tells a noisy face's noise."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from diff2lip.audio_encoder import AudioEncoder, style_layers
from diff2lip.blocks import (
    Attention,
    Block,
    Norm,
    Residual,
    convolution,
    doubled,
    embedded_number,
    embedding_layers,
    halved,
)

BASE = 128  # channels of the first layers, and of an embedded number
EMBEDDING = 512
LEVELS = (128, 128, 256, 384, 512)  # channels; each level is half as large as the one before it
ATTENTIVE = (2, 3, 4)  # levels
BLOCKS = 2  # of each level on the way down; one more on the way up
PICTURES = 3  # that the network sees: the noisy face, what is known of it, and a reference
NOISE = 3  # channels of the result that tell the noise; the others are its variance


class UNet(nn.Module):
    """Its parts are called one by one: what does not change from step to step is computed once."""

    def __init__(self) -> None:
        super().__init__()
        self.time_embed = embedding_layers(BASE, EMBEDDING)
        self.input_blocks, widths = _down()
        middle = LEVELS[-1]
        self.middle_block = Block(
            [_residual(middle, middle), Attention(middle), _residual(middle, middle)]
        )
        self.output_blocks = _up(widths)
        self.out = nn.Sequential(Norm(BASE), nn.SiLU(), convolution(BASE, 2 * NOISE))
        self.audio_encoder = AudioEncoder()
        self.audio_encoder_to_style = style_layers(EMBEDDING)

    def style(self, mel: Tensor) -> Tensor:
        """Mel (n, 80, 16) -> (n, 512): what the sound adds to the time's embedding."""
        style: Tensor = self.audio_encoder_to_style(self.audio_encoder(mel))
        return style.flatten(1).float()

    def time(self, step: Tensor) -> Tensor:
        """Of the 1000 steps (n,) -> (n, 512)."""
        embedding: Tensor = self.time_embed(embedded_number(step, BASE))
        return embedding

    def condition(self, hint: Tensor, reference: Tensor) -> Tensor:
        """Two pictures (n, 3, 128, 128) -> their share (n, 128, 128, 128) of the first layer."""
        first = self._first
        pictures = torch.cat((hint, reference), dim=1).to(first.weight.dtype)
        return functional.conv2d(pictures, first.weight[:, 3:], first.bias, padding=1)

    def forward(self, noisy: Tensor, condition: Tensor, embedding: Tensor) -> Tensor:
        """(n, 3, 128, 128), `condition` and (n, 512) -> noise and variance (n, 6, 128, 128)."""
        first = self._first
        x = functional.conv2d(noisy.to(condition.dtype), first.weight[:, :3], padding=1) + condition
        skips = [x]
        for block in self.input_blocks[1:]:
            x = block(x, embedding)
            skips.append(x)
        x = self.middle_block(x, embedding)
        for block in self.output_blocks:
            x = block(torch.cat((x, skips.pop()), dim=1), embedding)
        out: Tensor = self.out(x)
        return out.float()

    @property
    def _first(self) -> nn.Conv2d:
        block = self.input_blocks[0]
        assert isinstance(block, Block) and isinstance(block[0], nn.Conv2d)
        return block[0]


def _down() -> tuple[nn.ModuleList, list[int]]:
    """From the picture to the smallest level, and the channels that each block leaves."""
    blocks, widths = [Block([convolution(3 * PICTURES, BASE)])], [BASE]
    for level, width in enumerate(LEVELS):
        for _ in range(BLOCKS):
            blocks.append(_block(level, widths[-1]))
            widths.append(width)
        if level < len(LEVELS) - 1:
            blocks.append(Block([Residual(width, width, EMBEDDING, halved())]))
            widths.append(width)
    return nn.ModuleList(blocks), widths


def _up(widths: list[int]) -> nn.ModuleList:
    """Back, each block with what one on the way down has left."""
    blocks, channels = [], widths[-1]
    for level in reversed(range(len(LEVELS))):
        for _ in range(BLOCKS + 1):
            blocks.append(_block(level, channels + widths.pop()))
            channels = LEVELS[level]
        if level:
            blocks[-1].append(Residual(channels, channels, EMBEDDING, doubled))
    return nn.ModuleList(blocks)


def _block(level: int, inputs: int) -> Block:
    width = LEVELS[level]
    attention = [Attention(width)] if level in ATTENTIVE else []
    return Block([_residual(inputs, width), *attention])


def _residual(inputs: int, outputs: int) -> Residual:
    return Residual(inputs, outputs, EMBEDDING)
