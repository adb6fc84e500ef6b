"""From key points to where in the source each voxel of the result comes from."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sadtalker.blocks import Down3d, Up3d
from sadtalker.geometry import POINTS
from sadtalker.sampling import grid_of, shifted

FEATURES, COMPRESSED, DEPTH = 32, 4, 16
MOTIONS = POINTS + 1  # that of each key point, and none at all for the background
SEEN = MOTIONS * (COMPRESSED + 1)  # channels: the features and the heat of each motion
DOWN = (SEEN, 64, 128, 256, 512, 1024)
UP = ((1024, 512), (1024, 256), (512, 128), (256, 64), (128, 32))
OUT = UP[-1][-1] + SEEN
VARIANCE = 0.01  # of the heat around a key point
LEAST_SHARE = 1e-3  # of a motion: less is nothing


class DenseMotion(nn.Module):
    """What `motions_seen` gives -> how much of each voxel's motion is that of a key point, or none.

    (n, 80, 16, h, w) -> (n, 16, 16, h, w) that add up to 1, and how much of the source is seen
    there: (n, 1, h, w) in 0..1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.hourglass = Hourglass()
        self.mask = nn.Conv3d(OUT, MOTIONS, 7, padding=3)
        self.compress = nn.Conv3d(FEATURES, COMPRESSED, 1)  # this and the norm: of the source alone
        self.norm = nn.BatchNorm3d(COMPRESSED)
        self.occlusion = nn.Conv2d(OUT * DEPTH, 1, 7, padding=3)

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        features = self.hourglass(seen)
        shares = F.softmax(self.mask(features), 1)
        return shares, torch.sigmoid(self.occlusion(features.flatten(1, 2)))


def motions_seen(compressed: Tensor, own: Tensor, wanted: Tensor) -> Tensor:
    """For each motion, where its key point was and is, and the source moved by it.

    (1, 4, 16, h, w), (1, 15, 3) of the source, (n, 15, 3) of the frames -> (n, 80, 16, h, w).
    """
    grid = grid_of(compressed)
    heat = _heat(grid, wanted) - _heat(grid, own)
    heat = F.pad(heat, (0, 0, 0, 0, 0, 0, 1, 0))[:, :, None]  # (n, 16, 1, 16, h, w)
    moved = shifted(compressed, _shifts(own, wanted))
    return torch.cat((heat, moved), 2).flatten(1, 2)


def source_places(shares: Tensor, own: Tensor, wanted: Tensor) -> Tensor:
    """Where in the source each voxel comes from: (n, 16, h, w, 3) in -1..1."""
    shares = shares * (shares >= LEAST_SHARE)
    moved = torch.einsum("nkdhw,nkc->ndhwc", shares, _shifts(own, wanted))
    return grid_of(shares) * shares.sum(1)[..., None] + moved


def _shifts(own: Tensor, wanted: Tensor) -> Tensor:
    """(n, 16, 3); the background's, which is none, first."""
    return F.pad(own - wanted, (0, 0, 1, 0))


class Hourglass(nn.Module):
    """(n, 80, 16, h, w) -> (n, 112, 16, h, w)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.decoder = Decoder()

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.decoder(self.encoder(x))
        return features


class Encoder(nn.Module):
    """The input, and what each block makes of it, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.down_blocks = nn.ModuleList(Down3d(*pair) for pair in pairwise(DOWN))

    def forward(self, x: Tensor) -> list[Tensor]:
        made = [x]
        for block in self.down_blocks:
            made.append(block(made[-1]))
        return made


class Decoder(nn.Module):
    """Blocks up from the deepest, each beside what the encoder made of that size."""

    def __init__(self) -> None:
        super().__init__()
        self.up_blocks = nn.ModuleList(Up3d(*pair) for pair in UP)
        self.conv = nn.Conv3d(OUT, OUT, 3, padding=1)
        self.norm = nn.BatchNorm3d(OUT)

    def forward(self, made: list[Tensor]) -> Tensor:
        *skips, x = made
        for block, skip in zip(self.up_blocks, reversed(skips), strict=True):
            x = torch.cat((block(x), skip), 1)
        return F.relu(self.norm(self.conv(x)))


def _heat(grid: Tensor, points: Tensor) -> Tensor:
    """(d, h, w, 3) and (n, k, 3) -> (n, k, d, h, w), 1 at each point."""
    distances = (grid - points[:, :, None, None, None]).square().sum(-1)
    return torch.exp(-distances / (2 * VARIANCE))
