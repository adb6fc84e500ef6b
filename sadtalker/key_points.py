"""Where a head's key points are, before pose and expression move them."""

from collections import OrderedDict
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sadtalker.blocks import Down2d, Up3d
from sadtalker.geometry import POINTS
from sadtalker.sampling import grid_of

DOWN = (3, 64, 128, 256, 512, 1024)
UP = (1024, 512, 256, 128, 64, 32)
DEPTH = 16
BLUR = 13  # pixels of the filter before the picture is made a quarter of its size
TEMPERATURE = 0.1


class KeyPointDetector(nn.Module):
    """RGB (n, 3, size, size) in 0..1 -> (n, 15, 3)."""

    def __init__(self) -> None:
        super().__init__()
        self.predictor = Predictor()
        self.kp = nn.Conv3d(UP[-1], POINTS, 3, padding=1)
        self.down = Quarter()

    def forward(self, picture: Tensor) -> Tensor:
        logits = self.kp(self.predictor(self.down(picture)))  # (n, 15, 16, size/4, size/4)
        shares = F.softmax(logits.flatten(2) / TEMPERATURE, -1)
        return shares @ grid_of(logits).reshape(-1, 3)


class Quarter(nn.Module):
    """(n, 3, size, size) -> (n, 3, size/4, size/4), blurred before."""

    weight: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(3, 1, BLUR, BLUR))

    def forward(self, picture: Tensor) -> Tensor:
        return F.conv2d(picture, self.weight, stride=4, padding=BLUR // 2, groups=3)


class Predictor(nn.Module):
    """(n, 3, side, side) -> features (n, 32, 16, side, side)."""

    def __init__(self) -> None:
        super().__init__()
        downs = enumerate(pairwise(DOWN))
        ups = enumerate(pairwise(UP))
        self.down_blocks = nn.Sequential(OrderedDict((f"down{n}", Down2d(*c)) for n, c in downs))
        self.conv = nn.Conv2d(DOWN[-1], UP[0] * DEPTH, 1)
        self.up_blocks = nn.Sequential(OrderedDict((f"up{n}", Up3d(*c)) for n, c in ups))

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(self.down_blocks(x))
        features: Tensor = self.up_blocks(x.reshape(len(x), UP[0], DEPTH, *x.shape[2:]))
        return features
