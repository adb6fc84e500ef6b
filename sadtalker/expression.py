"""From what is heard to the face's expression: audio2exp."""

import torch
from torch import Tensor, nn

from sadtalker.audio_encoder import FEATURES, audio_layers
from sadtalker.coefficients import EXPRESSION


class ExpressionNetwork(nn.Module):
    """Mel windows (n, 1, 80, 16), the source's (n, 64) and blinks (n, 1) -> (n, 64)."""

    def __init__(self) -> None:
        super().__init__()
        self.audio_encoder = audio_layers()
        self.mapping1 = nn.Linear(FEATURES + EXPRESSION + 1, EXPRESSION)

    def forward(self, windows: Tensor, source: Tensor, blinks: Tensor) -> Tensor:
        heard = self.audio_encoder(windows).flatten(1)  # (n, 512)
        expression: Tensor = self.mapping1(torch.cat((heard, source, blinks), 1))
        return expression
