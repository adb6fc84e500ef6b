"""What the Wav2Lip network is made of: numbers alone, so that an engine imports no other's library.

Names follow the published checkpoints. Layers are written as (in, out, kernel, stride, padding).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[np.float32]]  # by name, as in a state dict
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """Convolution, batch norm and ReLU."""

    channels: int
    out: int
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
        ends = (self.channels, self.out) if self.transposed else (self.out, self.channels)
        return (*ends, self.kernel, self.kernel)


Block = tuple[Layer, ...]


def chain(*first: Layer, residuals: int = 0) -> Block:
    """The given layers, then `residuals` 3x3 layers that keep size and width."""
    width = first[-1].out
    return (*first, *[Layer(width, width, 3, 1, 1, residual=True)] * residuals)


def up(channels: int, out: int, kernel: int, stride: int, padding: int) -> Layer:
    return Layer(channels, out, kernel, stride, padding, transposed=True)


FACE_ENCODER: tuple[Block, ...] = (
    chain(Layer(6, 16, 7, 1, 3)),  # 96x96
    chain(Layer(16, 32, 3, 2, 1), residuals=2),  # 48x48
    chain(Layer(32, 64, 3, 2, 1), residuals=3),  # 24x24
    chain(Layer(64, 128, 3, 2, 1), residuals=2),  # 12x12
    chain(Layer(128, 256, 3, 2, 1), residuals=2),  # 6x6
    chain(Layer(256, 512, 3, 2, 1), residuals=1),  # 3x3
    chain(Layer(512, 512, 3, 1, 0), Layer(512, 512, 1, 1, 0)),  # 1x1
)

AUDIO_ENCODER: Block = (
    *chain(Layer(1, 32, 3, 1, 1), residuals=2),  # 80x16
    *chain(Layer(32, 64, 3, (3, 1), 1), residuals=2),  # 27x16
    *chain(Layer(64, 128, 3, 3, 1), residuals=2),  # 9x6
    *chain(Layer(128, 256, 3, (3, 2), 1), residuals=1),  # 3x3
    *chain(Layer(256, 512, 3, 1, 0), Layer(512, 512, 1, 1, 0)),  # 1x1
)

# Each block's output is joined with the face encoder's of the same size: hence the widths.
FACE_DECODER: tuple[Block, ...] = (
    chain(Layer(512, 512, 1, 1, 0)),  # 1x1
    chain(up(1024, 512, 3, 1, 0), residuals=1),  # 3x3
    chain(up(1024, 512, 3, 2, 1), residuals=2),  # 6x6
    chain(up(768, 384, 3, 2, 1), residuals=2),  # 12x12
    chain(up(512, 256, 3, 2, 1), residuals=2),  # 24x24
    chain(up(320, 128, 3, 2, 1), residuals=2),  # 48x48
    chain(up(160, 64, 3, 2, 1), residuals=2),  # 96x96
)

OUTPUT = Layer(80, 32, 3, 1, 1)
COLOURS = Layer(32, 3, 1, 1, 0)  # without norm; a sigmoid stands in for the ReLU


def named(prefix: str, block: Block) -> Iterator[tuple[str, Layer]]:
    """Each layer with its convolution's name in a checkpoint."""
    for i, layer in enumerate(block):
        yield f"{prefix}.{i}.conv_block.0", layer


def convolutions() -> Iterator[tuple[str, Layer]]:
    """Every one of the network's, by name."""
    for i, block in enumerate(FACE_ENCODER):
        yield from named(f"face_encoder_blocks.{i}", block)
    yield from named("audio_encoder", AUDIO_ENCODER)
    for i, block in enumerate(FACE_DECODER):
        yield from named(f"face_decoder_blocks.{i}", block)
    yield from named("output_block", (OUTPUT,))
    yield "output_block.1", COLOURS


def folded_shapes() -> dict[str, Shape]:
    """Of every tensor that is left once the norms are folded."""
    shapes: dict[str, Shape] = {}
    for name, layer in convolutions():
        shapes |= {f"{name}.weight": layer.weight_shape, f"{name}.bias": (layer.out,)}
    return shapes
