"""The source picture, moved from its key points to others."""

from collections import OrderedDict

import torch.nn.functional as F
from torch import Tensor, nn

from sadtalker.blocks import Block2d, Down2d, Residual3d
from sadtalker.dense_motion import DEPTH, FEATURES, DenseMotion, motions_seen, source_places
from sadtalker.sampling import sampled
from sadtalker.spade import SpadeDecoder

RESIDUALS = 6
WARPED = FEATURES * DEPTH


class Generator(nn.Module):
    """What the source looks like, and key points -> pictures.

    (1, 32, 16, h, w), (1, 4, 16, h, w), (1, 15, 3) of the source, (n, 15, 3) of the frames ->
    RGB (n, 3, 4h, 4w) in 0..1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.dense_motion_network = DenseMotion()
        self.first = Block2d(3, 64)
        self.down_blocks = nn.ModuleList((Down2d(64, 128), Down2d(128, 256)))
        self.second = nn.Conv2d(256, WARPED, 1)
        blocks = ((f"3dr{place}", Residual3d(FEATURES)) for place in range(RESIDUALS))
        self.resblocks_3d = nn.Sequential(OrderedDict(blocks))
        self.third = LeakyBlock(WARPED, 256)
        self.fourth = nn.Conv2d(256, 256, 1)
        self.decoder = SpadeDecoder()

    def forward(self, volume: Tensor, compressed: Tensor, own: Tensor, wanted: Tensor) -> Tensor:
        shares, occlusion = self.dense_motion_network(motions_seen(compressed, own, wanted))
        return self.paint(warped(volume, shares, own, wanted), occlusion)

    def paint(self, features: Tensor, occlusion: Tensor) -> Tensor:
        """Moved features (n, 512, h, w) and what of them is seen (n, 1, h, w) -> the pictures."""
        picture: Tensor = self.decoder(self.fourth(self.third(features)) * occlusion)
        return picture


def warped(volume: Tensor, shares: Tensor, own: Tensor, wanted: Tensor) -> Tensor:
    """The source's features where the motions put them: (n, 512, h, w)."""
    places = source_places(shares, own, wanted)
    return sampled(volume.expand(len(places), -1, -1, -1, -1), places).flatten(1, 2)


class LeakyBlock(Block2d):
    """Convolution of 3x3, batch norm, ReLU with a slope below zero."""

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(self.norm(self.conv(x)), 0.01)


class SourceEncoder(nn.Module):
    """The generator's part that sees the source picture alone, and keeps no other.

    RGB (1, 3, size, size) in 0..1 -> (1, 32, 16, h, w) and (1, 4, 16, h, w).
    """

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.first, self.second = generator.first, generator.second
        self.down_blocks = generator.down_blocks
        self.resblocks_3d = generator.resblocks_3d
        self.compress = generator.dense_motion_network.compress
        self.norm = generator.dense_motion_network.norm

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        x = self.first(picture)
        for block in self.down_blocks:
            x = block(x)
        x = self.second(x)
        volume = self.resblocks_3d(x.reshape(len(x), FEATURES, DEPTH, *x.shape[2:]))
        return volume, F.relu(self.norm(self.compress(volume)))


class Painter(nn.Module):
    """The generator's part behind the motion."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, features: Tensor, occlusion: Tensor) -> Tensor:
        return self.generator.paint(features, occlusion)
