"""From coefficients around a frame to the head's pose and expression."""

import torch.nn.functional as F
from torch import Tensor, nn

from sadtalker.geometry import BINS, POINTS

CHANNELS = 1024
LAYERS = 3


class MappingNetwork(nn.Module):
    """Coefficients (n, 70 or 73, 27) -> bins of yaw, pitch and roll, shift (3), offsets (45)."""

    def __init__(self, coefficients: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv1d(coefficients, CHANNELS, 7))
        for layer in range(LAYERS):
            conv = nn.Conv1d(CHANNELS, CHANNELS, 3, dilation=3)
            setattr(self, f"encoder{layer}", nn.Sequential(nn.LeakyReLU(0.1), conv))
        self.fc_roll = nn.Linear(CHANNELS, BINS)
        self.fc_pitch = nn.Linear(CHANNELS, BINS)
        self.fc_yaw = nn.Linear(CHANNELS, BINS)
        self.fc_t = nn.Linear(CHANNELS, 3)
        self.fc_exp = nn.Linear(CHANNELS, POINTS * 3)

    def forward(self, windows: Tensor) -> tuple[Tensor, ...]:
        x = self.first(windows)  # (n, 1024, 21), then 15, 9, 3
        for layer in range(LAYERS):
            x = getattr(self, f"encoder{layer}")(x) + x[:, :, 3:-3]
        mean = F.adaptive_avg_pool1d(x, 1)[:, :, 0]
        heads = self.fc_yaw, self.fc_pitch, self.fc_roll, self.fc_t, self.fc_exp
        return tuple(head(mean) for head in heads)
