"""The network that makes motion of every pixel of the motion of key points."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from fomm.blocks import Hourglass, Quarter, grid_of, sampled
from fomm.key_points import POINTS, inverse

VARIANCE = 0.01  # of the heat around a point
WAYS = POINTS + 1  # how a pixel may move: with one of the points, or not at all
INPUTS = WAYS * 4  # heat and a moved picture for each
DOWN, UP = (INPUTS, 128, 256, 512, 1024, 1024), (1024, 512, 256, 128, 64)


class Motion(NamedTuple):
    """Of every pixel of a quarter of the size."""

    deformation: Tensor  # (n, 64, 64, 2): where it is read
    occlusion: Tensor  # (n, 1, 64, 64): how much of it can be seen in the source
    mask: Tensor  # (n, 11, 64, 64): with which of the points it moves
    moved: Tensor  # (n, 11, 3, 64, 64): the source as each way moves it


class DenseMotion(nn.Module):
    """Key points of source and driving picture, and the source's quarter -> Motion."""

    def __init__(self, corners: bool) -> None:
        super().__init__()
        self.corners = corners
        self.hourglass = Hourglass(DOWN, UP)
        self.mask = nn.Conv2d(self.hourglass.channels, WAYS, 7, padding=3)
        self.occlusion = nn.Conv2d(self.hourglass.channels, 1, 7, padding=3)
        self.down = Quarter()

    def forward(
        self, quarter: Tensor, own: Tensor, own_turn: Tensor, wanted: Tensor, wanted_turn: Tensor
    ) -> Motion:
        grid = grid_of(quarter)
        heat = difference_of_heat(grid, own, wanted)  # (n, 11, h, w)
        ways = ways_of(grid, own, wanted, own_turn @ inverse(wanted_turn))
        moved = self._moved(quarter, ways)
        seen = torch.cat((heat[:, :, None], moved), 2).flatten(1, 2)
        features = self.hourglass(seen)
        mask = self.mask(features).softmax(1)
        deformation = (mask[..., None] * ways).sum(1)
        return Motion(deformation, self.occlusion(features).sigmoid(), mask, moved)

    def _moved(self, quarter: Tensor, ways: Tensor) -> Tensor:
        """(n, 11, 3, h, w)."""
        copies = quarter[:, None].expand(-1, WAYS, -1, -1, -1).flatten(0, 1)
        moved = sampled(copies, ways.flatten(0, 1), self.corners)
        return moved.reshape(-1, WAYS, *moved.shape[1:])


def difference_of_heat(grid: Tensor, own: Tensor, wanted: Tensor) -> Tensor:
    """What is around the wanted points less what is around the source's; 0 for the rest."""
    points = _heat(grid, wanted) - _heat(grid, own)
    return torch.cat((torch.zeros_like(points[:, :1]), points), 1)


def _heat(grid: Tensor, points: Tensor) -> Tensor:
    squares = ((grid - points[:, :, None, None]) ** 2).sum(-1)
    return (squares / (-2 * VARIANCE)).exp()


def ways_of(grid: Tensor, own: Tensor, wanted: Tensor, turn: Tensor) -> Tensor:
    """(n, 11, h, w, 2): where each pixel comes from if it rests, or moves with a point."""
    offsets = grid - wanted[:, :, None, None]
    turned = (turn[:, :, None, None] @ offsets[..., None])[..., 0]
    points = turned + own[:, :, None, None]
    rest = grid.expand(len(own), 1, *grid.shape)
    return torch.cat((rest, points), 1)
