"""The decoder of the generator: normalisation that the picture's own features steer (SPADE)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SEEN, HIDDEN = 256, 128  # channels of the features, and between them and their effect
LEAKY = 0.2
MIDDLE = 6  # blocks


class Spade(nn.Module):
    """Each channel without its mean and spread, then scaled and moved as the features say."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mlp_shared = nn.Sequential(nn.Conv2d(SEEN, HIDDEN, 3, padding=1), nn.ReLU())
        self.mlp_gamma = nn.Conv2d(HIDDEN, channels, 3, padding=1)
        self.mlp_beta = nn.Conv2d(HIDDEN, channels, 3, padding=1)

    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        hidden = self.mlp_shared(features)
        plain = F.instance_norm(x, eps=1e-5)
        steered: Tensor = plain * (1 + self.mlp_gamma(hidden)) + self.mlp_beta(hidden)
        return steered


class SpectralConv(nn.Module):
    """A convolution whose weight is divided by its spectral norm, as the file keeps it."""

    weight_u: Tensor
    weight_v: Tensor

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, *, bias: bool = True) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.weight_orig = nn.Parameter(torch.zeros(outputs, inputs, kernel, kernel))
        self.register_buffer("weight_u", torch.zeros(outputs))
        self.register_buffer("weight_v", torch.zeros(inputs * kernel * kernel))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight(), self.bias, padding=self.weight_orig.shape[-1] // 2)

    def weight(self) -> Tensor:
        """That is used."""
        norm = self.weight_u @ self.weight_orig.flatten(1) @ self.weight_v
        return self.weight_orig / norm

    def folded(self) -> nn.Conv2d:
        """The plain convolution that does the same."""
        outputs, inputs, kernel, _ = self.weight_orig.shape
        with torch.device("meta"):
            conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
        conv.weight = nn.Parameter(self.weight().detach(), requires_grad=False)
        conv.bias = self.bias
        return conv


class SpadeBlock(nn.Module):
    """Two convolutions of normalised features, added to the input."""

    def __init__(self, inputs: int, outputs: int, scale: int = 1) -> None:
        super().__init__()
        self.scale = scale  # of the features, to the input's size
        middle = min(inputs, outputs)
        self.conv_0 = SpectralConv(inputs, middle)
        self.conv_1 = SpectralConv(middle, outputs)
        self.changes_width = inputs != outputs
        if self.changes_width:
            self.conv_s = SpectralConv(inputs, outputs, 1, bias=False)
        self.norm_0 = Spade(inputs)
        self.norm_1 = Spade(middle)
        if self.changes_width:
            self.norm_s = Spade(inputs)

    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        features = F.interpolate(features, scale_factor=self.scale)  # the nearest
        y = self.conv_0(F.leaky_relu(self.norm_0(x, features), LEAKY))
        y = self.conv_1(F.leaky_relu(self.norm_1(y, features), LEAKY))
        if self.changes_width:
            x = self.conv_s(self.norm_s(x, features))
        total: Tensor = x + y
        return total


class SpadeDecoder(nn.Module):
    """Features (n, 256, side, side) -> RGB (n, 3, 4 side, 4 side) in 0..1."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Conv2d(SEEN, 512, 3, padding=1)
        for block in range(MIDDLE):
            setattr(self, f"G_middle_{block}", SpadeBlock(512, 512))
        self.up_0 = SpadeBlock(512, 256, 2)
        self.up_1 = SpadeBlock(256, 64, 4)
        self.conv_img = nn.Conv2d(64, 3, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        x = self.fc(features)
        for block in range(MIDDLE):
            x = getattr(self, f"G_middle_{block}")(x, features)
        x = self.up_0(F.interpolate(x, scale_factor=2), features)
        x = self.up_1(F.interpolate(x, scale_factor=2), features)
        return torch.sigmoid(self.conv_img(F.leaky_relu(x, LEAKY)))


def fold_spectral_norms(network: nn.Module) -> None:
    """Put plain convolutions in place of the others."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, SpectralConv):
                setattr(module, name, child.folded())
