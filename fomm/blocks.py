"""What the networks are built of; modules are named as in the published file."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

QUARTER_KERNEL, QUARTER_STEP = 13, 4  # pixels of the filter, and of the picture for each one kept


class Block(nn.Module):
    """Convolution, batch norm, ReLU; the size stays."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(x)))


class Down(Block):
    """The same, then half the size."""

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(super().forward(x), 2)


class Up(Block):
    """Twice the size, then the same."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.interpolate(x, scale_factor=2))


class Residual(nn.Module):
    """Batch norm, ReLU and convolution, twice, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(channels)
        self.norm2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.relu(self.norm1(x)))
        total: Tensor = x + self.conv2(F.relu(self.norm2(y)))
        return total


class Encoder(nn.Module):
    """The input, and what each halving makes of it."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.down_blocks = nn.ModuleList(Down(*pair) for pair in pairwise(channels))

    def forward(self, x: Tensor) -> list[Tensor]:
        sizes = [x]
        for block in self.down_blocks:
            sizes.append(block(sizes[-1]))
        return sizes


class Decoder(nn.Module):
    """Back to the input's size, each size joined with the encoder's."""

    def __init__(self, channels: tuple[tuple[int, int], ...]) -> None:
        super().__init__()
        self.up_blocks = nn.ModuleList(Up(*pair) for pair in channels)

    def forward(self, sizes: list[Tensor]) -> Tensor:
        x = sizes[-1]
        for block, skipped in zip(self.up_blocks, sizes[-2::-1], strict=True):
            x = torch.cat((block(x), skipped), 1)
        return x


class Hourglass(nn.Module):
    """`down` are the channels of each size, the input's first; `up` those that come back."""

    def __init__(self, down: tuple[int, ...], up: tuple[int, ...]) -> None:
        super().__init__()
        joined = (down[-1], *(a + b for a, b in zip(up[:-1], down[-2:0:-1], strict=True)))
        self.encoder = Encoder(down)
        self.decoder = Decoder(tuple(zip(joined, up, strict=True)))
        self.channels = up[-1] + down[0]  # of the result

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.decoder(self.encoder(x))
        return made


class Quarter(nn.Module):
    """A picture at a quarter of its size, smoothed before so that nothing aliases."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(3, 1, QUARTER_KERNEL, QUARTER_KERNEL))

    def forward(self, picture: Tensor) -> Tensor:
        edge = QUARTER_KERNEL // 2
        weight = self.get_buffer("weight")
        return F.conv2d(picture, weight, stride=QUARTER_STEP, padding=edge, groups=3)


def grid_of(like: Tensor) -> Tensor:
    """(height, width, 2): x and y of the pixels' centres, -1 and 1 at the outermost ones."""
    y, x = (
        torch.linspace(-1, 1, size, device=like.device, dtype=like.dtype) for size in like.shape[2:]
    )
    rows, columns = torch.meshgrid(y, x, indexing="ij")
    return torch.stack((columns, rows), -1)


def sampled(picture: Tensor, places: Tensor, corners: bool) -> Tensor:
    """(n, channels, h, w) read at (n, h', w', 2), linearly between pixels, 0 outside.

    `corners`: -1 and 1 are the centres of the outermost pixels, else their outer edges.
    """
    return F.grid_sample(picture, places, align_corners=corners)
