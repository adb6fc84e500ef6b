"""The layers of the Wav2Lip network as plain numbers, so that no engine imports another's library.

Names follow the published checkpoints. Layers are written as (in, out, kernel, stride, padding).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[np.float32]]  # by name, as in a state dict
Shape = tuple[int, ...]

NORM_PARTS = ("weight", "bias", "running_mean", "running_var")  # of a batch norm


@dataclass(frozen=True)
class Layer:
    """Convolution, batch norm and ReLU."""

    in_channels: int
    out_channels: int
    kernel: int
    stride: int | tuple[int, int]  # tuple: mel bands, columns
    padding: int
    residual: bool = False  # the input is added before the ReLU
    transposed: bool = False  # with stride 2 it doubles height and width

    @property
    def strides(self) -> tuple[int, int]:
        return self.stride if isinstance(self.stride, tuple) else (self.stride, self.stride)

    @property
    def output_padding(self) -> int:
        return self.padding if self.transposed else 0

    @property
    def weight_shape(self) -> Shape:
        channels = self.out_channels, self.in_channels
        return (*(channels[::-1] if self.transposed else channels), self.kernel, self.kernel)


Block = tuple[Layer, ...]


def make_block(*layers: Layer, residuals: int = 0) -> Block:
    """The layers, followed by `residuals` 3x3 layers that keep size and channels."""
    width = layers[-1].out_channels
    return (*layers, *[Layer(width, width, 3, 1, 1, residual=True)] * residuals)


def upsampling(
    in_channels: int, out_channels: int, kernel: int, stride: int, padding: int
) -> Layer:
    return Layer(in_channels, out_channels, kernel, stride, padding, transposed=True)


FACE_ENCODER: tuple[Block, ...] = (
    make_block(Layer(6, 16, 7, 1, 3)),  # 96x96
    make_block(Layer(16, 32, 3, 2, 1), residuals=2),  # 48x48
    make_block(Layer(32, 64, 3, 2, 1), residuals=3),  # 24x24
    make_block(Layer(64, 128, 3, 2, 1), residuals=2),  # 12x12
    make_block(Layer(128, 256, 3, 2, 1), residuals=2),  # 6x6
    make_block(Layer(256, 512, 3, 2, 1), residuals=1),  # 3x3
    make_block(Layer(512, 512, 3, 1, 0), Layer(512, 512, 1, 1, 0)),  # 1x1
)

AUDIO_ENCODER: Block = (
    *make_block(Layer(1, 32, 3, 1, 1), residuals=2),  # 80x16
    *make_block(Layer(32, 64, 3, (3, 1), 1), residuals=2),  # 27x16
    *make_block(Layer(64, 128, 3, 3, 1), residuals=2),  # 9x6
    *make_block(Layer(128, 256, 3, (3, 2), 1), residuals=1),  # 3x3
    *make_block(Layer(256, 512, 3, 1, 0), Layer(512, 512, 1, 1, 0)),  # 1x1
)

# Each block's output is concatenated with the face encoder's of the same size: hence the channels.
FACE_DECODER: tuple[Block, ...] = (
    make_block(Layer(512, 512, 1, 1, 0)),  # 1x1
    make_block(upsampling(1024, 512, 3, 1, 0), residuals=1),  # 3x3
    make_block(upsampling(1024, 512, 3, 2, 1), residuals=2),  # 6x6
    make_block(upsampling(768, 384, 3, 2, 1), residuals=2),  # 12x12
    make_block(upsampling(512, 256, 3, 2, 1), residuals=2),  # 24x24
    make_block(upsampling(320, 128, 3, 2, 1), residuals=2),  # 48x48
    make_block(upsampling(160, 64, 3, 2, 1), residuals=2),  # 96x96
)

OUTPUT = Layer(80, 32, 3, 1, 1)
COLOR_HEAD = Layer(32, 3, 1, 1, 0)  # without batch norm, and with a sigmoid instead of the ReLU


def named_layers(prefix: str, block: Block) -> Iterator[tuple[str, Layer]]:
    """Each layer with its convolution's name in a checkpoint."""
    for i, layer in enumerate(block):
        yield f"{prefix}.{i}.conv_block.0", layer


def named_convolutions() -> Iterator[tuple[str, Layer]]:
    """Each convolution of the network with its name in a checkpoint."""
    for i, block in enumerate(FACE_ENCODER):
        yield from named_layers(f"face_encoder_blocks.{i}", block)
    yield from named_layers("audio_encoder", AUDIO_ENCODER)
    for i, block in enumerate(FACE_DECODER):
        yield from named_layers(f"face_decoder_blocks.{i}", block)
    yield from named_layers("output_block", (OUTPUT,))
    yield "output_block.1", COLOR_HEAD


def norm_of(convolution: str) -> str:
    """The name in a checkpoint of the batch norm behind a convolution; COLOR_HEAD has none."""
    return f"{convolution.removesuffix('0')}1"


def state_shapes() -> dict[str, Shape]:
    """The shape of every tensor that a checkpoint needs, by name."""
    shapes: dict[str, Shape] = {}
    for name, layer in named_convolutions():
        shapes |= {f"{name}.weight": layer.weight_shape, f"{name}.bias": (layer.out_channels,)}
        if layer is not COLOR_HEAD:
            shapes |= {f"{norm_of(name)}.{part}": (layer.out_channels,) for part in NORM_PARTS}
    return shapes
