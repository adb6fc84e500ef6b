"""What both networks are built of: residual blocks with an embedding, and attention."""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

GROUPS = 32  # of every norm
HEAD = 64  # channels of a head of attention
LONGEST = 10_000.0  # of the periods that a number is embedded by, over the shortest

Resize = Callable[[Tensor], Tensor]


class Norm(nn.GroupNorm):
    """In float32, whatever the layers around it compute in."""

    def __init__(self, channels: int) -> None:
        super().__init__(GROUPS, channels)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.float()).to(x.dtype)


def halved(rows: int = 2, columns: int = 2) -> Resize:
    """Means of so many pixels."""
    return partial(functional.avg_pool2d, kernel_size=(rows, columns))


def doubled(x: Tensor) -> Tensor:
    """Every pixel four times."""
    return functional.interpolate(x, scale_factor=2, mode="nearest")


def convolution(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class Residual(nn.Module):
    """Two convolutions, an embedding added between them, and the input around both."""

    def __init__(
        self, inputs: int, outputs: int, embedding: int, resize: Resize | None = None
    ) -> None:
        super().__init__()
        self.resize = resize
        self.in_layers = nn.Sequential(Norm(inputs), nn.SiLU(), convolution(inputs, outputs))
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(embedding, outputs))
        self.out_layers = nn.Sequential(
            Norm(outputs), nn.SiLU(), nn.Identity(), convolution(outputs, outputs)
        )  # training drops values where the identity stands
        same = inputs == outputs
        self.skip_connection = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        norm, activation, first = self.in_layers
        inner = activation(norm(x))
        if self.resize is not None:
            inner, x = self.resize(inner), self.resize(x)
        inner = first(inner)
        inner = inner + self.emb_layers(embedding)[..., None, None].to(inner.dtype)
        out: Tensor = self.skip_connection(x) + self.out_layers(inner)
        return out


class Attention(nn.Module):
    """Every position looks at all others, in heads of HEAD channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.heads = channels // HEAD
        self.norm = Norm(channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        self.proj_out = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        frames, channels, height, width = x.shape
        flat = x.reshape(frames, channels, height * width)
        of_heads = self.qkv(self.norm(flat)).reshape(
            frames, self.heads, 3, HEAD, height * width
        )  # each head's query, key and value lie together
        query, key, value = of_heads.transpose(3, 4).unbind(2)  # (frames, heads, positions, HEAD)
        seen = functional.scaled_dot_product_attention(query, key, value)
        joined = seen.transpose(2, 3).reshape(frames, channels, height * width)
        out: Tensor = x + self.proj_out(joined).reshape(x.shape)
        return out


class Block(nn.ModuleList):
    """Layers in a row; those that take an embedding get it."""

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        for layer in self:
            x = layer(x, embedding) if isinstance(layer, Residual) else layer(x)
        return x


def embedded_number(number: Tensor, width: int) -> Tensor:
    """(n,) -> (n, width): cosines, then sines, of periods that grow."""
    half = width // 2
    places = torch.arange(half, dtype=torch.float32, device=number.device)
    angles = number.float()[:, None] * torch.exp(places * (-math.log(LONGEST) / half))
    return torch.cat((angles.cos(), angles.sin()), dim=1)


def embedding_layers(inputs: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, width), nn.SiLU(), nn.Linear(width, width))


def halve_convolutions(network: nn.Module, kind: torch.dtype) -> None:
    """Convolutions compute in `kind`; norms and linear layers stay as they are."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv1d | nn.Conv2d):
            layer.to(kind)
