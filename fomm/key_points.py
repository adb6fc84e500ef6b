"""The network that sees key points in a picture, and how the picture turns around each."""

import torch
from torch import Tensor, nn

from fomm.blocks import Hourglass, Quarter, grid_of

POINTS = 10
TEMPERATURE = 0.1  # of the heat: sharper than the logits
DOWN, UP = (3, 64, 128, 256, 512, 1024), (512, 256, 128, 64, 32)


class KeyPointDetector(nn.Module):
    """(n, 3, 256, 256) RGB in 0..1 -> places (n, 10, 2) in -1..1, jacobians (n, 10, 2, 2)."""

    def __init__(self) -> None:
        super().__init__()
        self.predictor = Hourglass(DOWN, UP)
        self.kp = nn.Conv2d(self.predictor.channels, POINTS, 7)
        self.jacobian = nn.Conv2d(self.predictor.channels, 4 * POINTS, 7)
        self.down = Quarter()

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        features = self.predictor(self.down(picture))
        return places_and_jacobians(self.kp(features), self.jacobian(features))


def places_and_jacobians(logits: Tensor, turns: Tensor) -> tuple[Tensor, Tensor]:
    """(n, 10, h, w) and (n, 40, h, w): the means over the heat of each point."""
    heat = (logits.flatten(2) / TEMPERATURE).softmax(-1)  # (n, 10, h * w)
    places = heat @ grid_of(logits).flatten(0, 1)
    by_point = turns.reshape(len(turns), POINTS, 4, -1)
    jacobians = (by_point * heat[:, :, None]).sum(-1)
    return places, jacobians.reshape(len(turns), POINTS, 2, 2)


def inverse(matrices: Tensor) -> Tensor:
    """Of (..., 2, 2)."""
    a, b, c, d = matrices.flatten(-2).unbind(-1)
    turned = torch.stack((d, -b, -c, a), -1)
    return (turned / (a * d - b * c)[..., None]).reshape(matrices.shape)
