"""The face's shape, expression, pose and light, seen in an aligned picture: a ResNet-50."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEADS = (80, 64, 80, 3, 27, 2, 1)  # identity, expression, texture, angles, light, tx ty, tz
FEATURES = 2048


class Reconstruction(nn.Module):
    """RGB (n, 3, 224, 224) in 0..1, not normalised -> (n, 257) coefficients."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = ResNet50()
        self.final_layers = nn.ModuleList(nn.Conv2d(FEATURES, size, 1) for size in HEADS)

    def forward(self, picture: Tensor) -> Tensor:
        pooled = self.backbone(picture)
        return torch.cat([layer(pooled) for layer in self.final_layers], 1).flatten(1)


class ResNet50(nn.Module):
    """(n, 3, 224, 224) -> (n, 2048, 1, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = _layer(64, 64, 1, 3)
        self.layer2 = _layer(256, 128, 2, 4)
        self.layer3 = _layer(512, 256, 2, 6)
        self.layer4 = _layer(1024, 512, 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return F.adaptive_avg_pool2d(x, 1)


class Bottleneck(nn.Module):
    """Fewer channels by 1x1, a convolution of 3x3, more channels by 1x1; added to the input."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = 4 * width
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Sequential | None = None
        if inputs != outputs:
            conv = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(conv, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


def _layer(inputs: int, width: int, stride: int, count: int) -> nn.Sequential:
    first = Bottleneck(inputs, width, stride)
    rest: Sequence[Bottleneck] = [Bottleneck(4 * width, width, 1) for _ in range(count - 1)]
    return nn.Sequential(first, *rest)
