"""The network as an OpenVINO graph, built from its weights, that computes the visible part only."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from base.generator import BANDS, COLUMNS, SIDE
from base.geometry import Rect
from base.openvino import ops, ov
from wav2lip.layers import (
    AUDIO_ENCODER,
    COLOR_HEAD,
    FACE_DECODER,
    FACE_ENCODER,
    OUTPUT,
    Block,
    Layer,
    Weights,
    named_layers,
)
from wav2lip.receptive import (
    Size,
    input_rect,
    output_size,
    required_inputs,
    required_outputs,
    whole_rect,
)

Offset = NDArray[np.float32]  # (1, 3, 1, 1) levels for B, G and R

ALL = slice(None)
PHASES = (False, False), (False, True), (True, False), (True, True)  # odd rows, odd columns
EVEN, ODD = slice(1, 2), slice(None, None, -2)  # rows of a doubling kernel that make such outputs
# OpenVINO's transposed convolutions of so many channels take longer than one for each phase.
MANY_CHANNELS = 512


@dataclass(frozen=True)
class KernelPart:
    """Some input channels of a layer's kernels, and for one phase of its outputs or for all."""

    channels: slice = field(default_factory=lambda: ALL)
    phase: tuple[bool, bool] | None = None  # whether the outputs' rows and columns are odd

    def of(self, weight: NDArray[np.float32], layer: Layer) -> NDArray[np.float32]:
        """In memory of its own."""
        part = weight[self.channels] if layer.transposed else weight[:, self.channels]
        return np.ascontiguousarray(part) if self.phase is None else phase_of(part, *self.phase)

    def output_axis(self, layer: Layer) -> int:
        """Which axis of the part counts the layer's output channels."""
        return 1 if layer.transposed and self.phase is None else 0


WHOLE = KernelPart()


@dataclass(frozen=True)
class FeatureMap:
    """The part `rect` of a feature map whose whole size is `size`; the rest is not computed."""

    node: ov.Node  # (n, channels, height, width)
    rect: Rect
    size: Size

    def crop(self, rect: Rect) -> ov.Node:
        if rect == self.rect:
            return self.node
        start = [rect.top - self.rect.top, rect.left - self.rect.left]
        stop = [rect.bottom - self.rect.top, rect.right - self.rect.left]
        bounds = start, stop, [1, 1], [2, 3]
        return ops.slice(self.node, *(np.array(bound, np.int64) for bound in bounds))


class Arithmetic(Protocol):
    """The numbers that the network's convolutions compute with."""

    @property
    def offset(self) -> Offset | None:
        """What is to be added to the patches; read whenever they are computed."""

    def kernels(self, name: str, layer: Layer, part: KernelPart = WHOLE) -> ov.Node:
        """A part of a convolution's kernels; a phase is (out, in, height, width) in any layer."""

    def bias(self, name: str) -> ov.Node:
        """The bias of a convolution, (1, channels, 1, 1)."""

    def features(self, node: ov.Node, name: str) -> ov.Node:
        """The features `name` as the following convolutions take them."""


@dataclass(frozen=True)
class Float:
    """The weights as they are; the batch norms must be folded into them."""

    weights: Weights
    offset: ClassVar[Offset | None] = None

    def kernels(self, name: str, layer: Layer, part: KernelPart = WHOLE) -> ov.Node:
        weight = self.weights[f"{name}.weight"]
        return constant(weight if part == WHOLE else part.of(weight, layer))

    def bias(self, name: str) -> ov.Node:
        return constant(self.weights[f"{name}.bias"].reshape(1, -1, 1, 1))

    def features(self, node: ov.Node, name: str) -> ov.Node:
        return node


@dataclass(frozen=True)
class DecoderStep:
    """A layer of the decoder, and the part of its output that the visible part needs."""

    name: str
    layer: Layer
    rect: Rect
    skip: int | None  # its input is concatenated with the output of this block of the face encoder


# The decoder's convolution of its own features and those of the face encoder's block `step.skip`.
Join = Callable[[FeatureMap, DecoderStep], ov.Node]


def network_graph(arithmetic: Arithmetic, visible: Rect) -> ov.Model:
    """(mel, face) -> the visible part of the network's output, (n, 3, height, width)."""
    mel = ops.parameter([-1, 1, BANDS, COLUMNS], np.float32, name="mel")
    face = ops.parameter([-1, 6, SIDE, SIDE], np.float32, name="face")
    skips = encode_face(face, arithmetic)

    def join(x: FeatureMap, step: DecoderStep) -> ov.Node:
        assert step.skip is not None
        features = ops.concat([x.node, skips[step.skip].crop(x.rect)], 1)
        both = FeatureMap(features, x.rect, x.size)
        return convolve(both, step.name, step.layer, arithmetic, step.rect)

    out = decode(encode_mel(mel, arithmetic), join, arithmetic, visible)
    return ov.Model([ops.result(out)], [mel, face], "wav2lip")


def encode_face(face: ov.Node, arithmetic: Arithmetic) -> list[FeatureMap]:
    """The face encoder's output after every block, the largest first."""
    size = (SIDE, SIDE)
    x = FeatureMap(arithmetic.features(face, "face"), whole_rect(size), size)
    features = []
    for i, block in enumerate(FACE_ENCODER):
        x = encode(x, f"face_encoder_blocks.{i}", block, arithmetic)
        features.append(x)
    return features


def encode_mel(mel: ov.Node, arithmetic: Arithmetic) -> FeatureMap:
    size = (BANDS, COLUMNS)
    window = FeatureMap(arithmetic.features(mel, "mel"), whole_rect(size), size)
    return encode(window, "audio_encoder", AUDIO_ENCODER, arithmetic)


def encode(x: FeatureMap, prefix: str, block: Block, arithmetic: Arithmetic) -> FeatureMap:
    for name, layer in named_layers(prefix, block):
        rect = whole_rect(output_size(layer, x.size))
        y = convolve(x, name, layer, arithmetic, rect)
        x = activate(x, y, name, layer, arithmetic, rect)
    return x


def decode(x: FeatureMap, join: Join, arithmetic: Arithmetic, visible: Rect) -> ov.Node:
    *steps, head = decoder_steps(visible)
    for step in steps:
        name, layer, rect = step.name, step.layer, step.rect
        y = convolve(x, name, layer, arithmetic, rect) if step.skip is None else join(x, step)
        x = activate(x, y, name, layer, arithmetic, rect)
    return ops.sigmoid(convolve(x, head.name, head.layer, arithmetic, head.rect))


def decoder_steps(visible: Rect) -> list[DecoderStep]:
    """The decoder's layers in order; its input is one pixel."""
    layers: list[tuple[str, Layer, int | None]] = []
    skip: int | None = None
    for i, block in enumerate(FACE_DECODER):
        for name, layer in named_layers(f"face_decoder_blocks.{i}", block):
            layers.append((name, layer, skip))
            skip = None
        skip = len(FACE_ENCODER) - 1 - i
    ((name, layer),) = named_layers("output_block", (OUTPUT,))
    layers += [(name, layer, skip), ("output_block.1", COLOR_HEAD, None)]
    rects = required_outputs([layer for _, layer, _ in layers], (1, 1), visible)
    return [
        DecoderStep(name, layer, rect, skip)
        for (name, layer, skip), rect in zip(layers, rects, strict=True)
    ]


def activate(
    x: FeatureMap, y: ov.Node, name: str, layer: Layer, arithmetic: Arithmetic, rect: Rect
) -> FeatureMap:
    """The layer's output, of which `y` is the part `rect` before its residual and ReLU."""
    y = ops.relu(ops.add(y, x.crop(rect)) if layer.residual else y)
    return FeatureMap(arithmetic.features(y, name), rect, output_size(layer, x.size))


def convolve(x: FeatureMap, name: str, layer: Layer, arithmetic: Arithmetic, rect: Rect) -> ov.Node:
    """The part `rect` of the layer's convolution, with bias."""
    return ops.add(convolve_part(x, name, layer, arithmetic, rect), arithmetic.bias(name))


def convolve_part(
    x: FeatureMap,
    name: str,
    layer: Layer,
    arithmetic: Arithmetic,
    rect: Rect,
    channels: slice = ALL,
) -> ov.Node:
    """The part `rect` of a convolution without bias; `x` holds these of its input channels."""
    if layer.transposed and layer.stride == 2 and layer.in_channels >= MANY_CHANNELS:
        return by_phases(x, name, layer, arithmetic, rect, channels)
    rows, columns = required_inputs(layer, rect, x.size)
    inputs = x.crop(input_rect(rows, columns))
    kernels = arithmetic.kernels(name, layer, KernelPart(channels))
    pads = [rows.before, columns.before], [rows.after, columns.after]
    strides = list(layer.strides)
    if layer.transposed:
        return ops.convolution_backprop_data(
            inputs, kernels, strides, None, *pads, dilations=[1, 1]
        )
    return ops.convolution(inputs, kernels, strides, *pads, [1, 1])


def by_phases(
    x: FeatureMap, name: str, layer: Layer, arithmetic: Arithmetic, rect: Rect, channels: slice
) -> ov.Node:
    """A transposed convolution that doubles: its even and odd rows and columns on their own."""
    blocks = Rect(rect.top // 2, -(-rect.bottom // 2), rect.left // 2, -(-rect.right // 2))
    phases = [
        convolve_phase(x, arithmetic.kernels(name, layer, KernelPart(channels, phase)), blocks)
        for phase in PHASES
    ]
    outputs = ops.depth_to_space(ops.concat(phases, 1), "blocks_first", 2)
    whole = Rect(2 * blocks.top, 2 * blocks.bottom, 2 * blocks.left, 2 * blocks.right)
    return FeatureMap(outputs, whole, output_size(layer, x.size)).crop(rect)


def convolve_phase(x: FeatureMap, kernels: ov.Node, blocks: Rect) -> ov.Node:
    """One output for each block; kernels of two rows also take the input behind it, or 0."""
    height, width = list(kernels.output(0).shape)[2:]
    bottom, right = blocks.bottom + height - 1, blocks.right + width - 1
    inputs = Rect(blocks.top, min(bottom, x.rect.bottom), blocks.left, min(right, x.rect.right))
    after = [bottom - inputs.bottom, right - inputs.right]
    return ops.convolution(x.crop(inputs), kernels, [1, 1], [0, 0], after, [1, 1])


def phase_of(weight: NDArray[np.float32], odd_rows: bool, odd_columns: bool) -> NDArray[np.float32]:
    """The kernels (out, in, height, width) of one phase of a doubling layer's outputs."""
    rows, columns = (range(3)[ODD if odd else EVEN] for odd in (odd_rows, odd_columns))
    # tap by tap: numpy turns large arrays around slowly
    taps = [cv2.transpose(np.ascontiguousarray(weight[:, :, y, x])) for y in rows for x in columns]
    kernels = np.stack(taps, axis=2).reshape(*taps[0].shape, len(rows), len(columns))
    return np.asarray(kernels, np.float32)


def constant(weight: NDArray[np.float32]) -> ov.Node:
    """A constant in the array's own memory: copies of all weights would take 145 MB."""
    return ops.constant(weight, shared_memory=True)
