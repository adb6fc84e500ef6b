"""The network's convolutions in 8 bits: weights by channel, features by one range a tensor.

Every range begins at 0, since the features come out of a ReLU, and is kept as its upper end.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from base.openvino import ops, ov
from wav2lip.generators.openvino_graph import ALL, Float, input_channels
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

    def kernels(self, name: str, layer: Layer, channels: slice = ALL) -> ov.Node:
        if name.startswith(FLOAT_PREFIXES):
            return Float(self.weights).kernels(name, layer, channels)
        weight = input_channels(self.weights[f"{name}.weight"], layer, channels)
        steps = _steps(weight, layer)
        levels = np.rint(weight / steps).astype(np.int8)  # none is over LARGEST
        return ops.multiply(ops.convert(ops.constant(levels), ov.Type.f32), ops.constant(steps))

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

    weights: Weights
    taps: dict[str, ov.Node] = field(default_factory=dict)  # by name

    def kernels(self, name: str, layer: Layer, channels: slice = ALL) -> ov.Node:
        return Float(self.weights).kernels(name, layer, channels)

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


def _steps(weight: NDArray[np.float32], layer: Layer) -> NDArray[np.float32]:
    """The value of one level of each output channel."""
    others = (0, 2, 3) if layer.transposed else (1, 2, 3)
    largest = np.maximum(
        weight.max(axis=others, keepdims=True), -weight.min(axis=others, keepdims=True)
    )
    return np.asarray(np.maximum(largest, 1e-8) / LARGEST, np.float32)
