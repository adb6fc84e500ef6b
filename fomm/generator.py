"""The network that draws a picture moved: what it keeps of the source, and each frame."""

from collections import OrderedDict

from torch import Tensor, nn

from fomm.blocks import Block, Down, Residual, Up, sampled
from fomm.dense_motion import DenseMotion

BOTTLENECK = 6  # residual blocks
# The published weights were trained with places between the centres of the outermost pixels.
CORNERS = True


class Generator(nn.Module):
    """All layers of this part of the file; the three modules below run them."""

    def __init__(self, corners: bool = CORNERS) -> None:
        super().__init__()
        self.corners = corners
        self.dense_motion_network = DenseMotion(corners)
        self.first = Block(3, 64, 7)
        self.down_blocks = nn.ModuleList((Down(64, 128), Down(128, 256)))
        self.up_blocks = nn.ModuleList((Up(256, 128), Up(128, 64)))
        residuals = ((f"r{index}", Residual(256)) for index in range(BOTTLENECK))
        self.bottleneck = nn.Sequential(OrderedDict(residuals))
        self.final = nn.Conv2d(64, 3, 7, padding=3)


class SourceEncoder(nn.Module):
    """What depends on the source alone: (n, 3, 256, 256) -> features and the source's quarter."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.first, self.down_blocks = generator.first, generator.down_blocks
        self.quarter = generator.dense_motion_network.down

    def forward(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 256, 64, 64) and (n, 3, 64, 64)."""
        features = self.first(source)
        for block in self.down_blocks:
            features = block(features)
        return features, self.quarter(source)


class FrameMotion(nn.Module):
    """The source's quarter, its key points and the wanted ones -> deformation and occlusion."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.dense_motion = generator.dense_motion_network

    def forward(self, quarter: Tensor, *points: Tensor) -> tuple[Tensor, Tensor]:
        motion = self.dense_motion(quarter, *points)
        return motion.deformation, motion.occlusion


class FramePainter(nn.Module):
    """Features and their motion -> (n, 3, 256, 256) RGB in 0..1."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.corners = generator.corners
        self.bottleneck, self.up_blocks = generator.bottleneck, generator.up_blocks
        self.final = generator.final

    def forward(self, features: Tensor, deformation: Tensor, occlusion: Tensor) -> Tensor:
        x = self.bottleneck(sampled(features, deformation, self.corners) * occlusion)
        for block in self.up_blocks:
            x = block(x)
        picture: Tensor = self.final(x).sigmoid()
        return picture
