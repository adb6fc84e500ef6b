"""The network's convolutions in 8 bits: weights by channel, features by one range a tensor.

Every range begins at 0, since the features come out of a ReLU, and is kept as its upper end.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from base.openvino import ops, ov
from wav2lip.generators.openvino_graph import WHOLE, Float, KernelPart, Offset
from wav2lip.layers import FACE_DECODER, FACE_ENCODER, Block, Layer, Weights, named_layers

Ranges = Mapping[str, float]  # the largest number of each tensor of features, by its name
LEVELS = 256  # of a feature
LARGEST = 127  # of a weight
SMALLEST_RANGE = 1e-4
MEL_RANGE = -4.0, 4.0
# Convolutions in float: they cost little, and lose a quarter of what 8 bits lose in all.
FLOAT_PREFIXES = ("face_encoder_blocks.0", "face_encoder_blocks.1", "output_block.1")
FLOAT_FEATURES = (  # that only those take
    "face",
    "face_encoder_blocks.1.0.conv_block.0",
    "face_encoder_blocks.1.1.conv_block.0",
    "output_block.0.conv_block.0",
)


@dataclass(frozen=True)
class Quantized:
    """Weights and features in 8 bits."""

    weights: Weights
    ranges: Ranges
    offset: Offset | None = None

    def kernels(self, name: str, layer: Layer, part: KernelPart = WHOLE) -> ov.Node:
        if name.startswith(FLOAT_PREFIXES):
            return Float(self.weights).kernels(name, layer, part)
        weight = part.of(self.weights[f"{name}.weight"], layer)
        steps = _steps(weight, part.output_axis(layer))
        levels = weight / steps
        np.rint(levels, out=levels)  # in another array this takes twice as long
        kernels = ops.constant(levels.astype(np.int8))  # none is over LARGEST
        return ops.multiply(ops.convert(kernels, ov.Type.f32), ops.constant(steps))

    def bias(self, name: str) -> ov.Node:
        return Float(self.weights).bias(name)

    def features(self, node: ov.Node, name: str) -> ov.Node:
        if name in FLOAT_FEATURES:
            return node
        low, high = MEL_RANGE if name == "mel" else (0.0, self.ranges[name])
        bounds = [ops.constant(np.full((1, 1, 1, 1), end, np.float32)) for end in (low, high)]
        return ops.fake_quantize(node, *bounds, *bounds, LEVELS)


@dataclass(frozen=True)
class Tapped:
    """Float arithmetic that notes every tensor of features."""

    offset: ClassVar[Offset | None] = None

    weights: Weights
    taps: dict[str, ov.Node] = field(default_factory=dict)  # by name

    def kernels(self, name: str, layer: Layer, part: KernelPart = WHOLE) -> ov.Node:
        return Float(self.weights).kernels(name, layer, part)

    def bias(self, name: str) -> ov.Node:
        return Float(self.weights).bias(name)

    def features(self, node: ov.Node, name: str) -> ov.Node:
        if name not in ("face", "mel"):
            self.taps[name] = node
        return node


def shared_ranges(largest: Ranges) -> dict[str, float]:
    """One range for both tensors that a concatenation joins, and none that is empty."""
    ranges = {name: max(value, SMALLEST_RANGE) for name, value in largest.items()}
    for pair in concatenated_names():
        ranges |= dict.fromkeys(pair, max(ranges[name] for name in pair))
    return ranges


def concatenated_names() -> Iterator[tuple[str, str]]:
    """The names of each decoder block's output and of the encoder's that is put beside it."""
    decoder = _last_names("face_decoder_blocks", FACE_DECODER)
    encoder = _last_names("face_encoder_blocks", FACE_ENCODER)
    return zip(decoder, reversed(encoder), strict=True)


def _last_names(prefix: str, blocks: tuple[Block, ...]) -> list[str]:
    return [
        name
        for i, block in enumerate(blocks)
        for name, _ in list(named_layers(f"{prefix}.{i}", block))[-1:]
    ]


def _steps(weight: NDArray[np.float32], output_axis: int) -> NDArray[np.float32]:
    """The value of one level of each output channel."""
    if output_axis == 1:  # all other axes at once would take numpy ten times as long
        weight = _largest(weight, (0,))
    others = (1, 2, 3) if output_axis == 0 else (2, 3)
    return np.asarray(np.maximum(_largest(weight, others), 1e-8) / LARGEST, np.float32)


def _largest(weight: NDArray[np.float32], axes: tuple[int, ...]) -> NDArray[np.float32]:
    """The largest magnitude along these axes, which are kept."""
    largest = np.maximum(
        weight.max(axis=axes, keepdims=True), -weight.min(axis=axes, keepdims=True)
    )
    return np.asarray(largest, np.float32)
