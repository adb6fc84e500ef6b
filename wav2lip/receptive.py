"""Receptive fields: which inputs of a layer some of its outputs depend on, layer by layer.

Outputs computed from that part of the input equal those of the whole network, since zeros are
padded only at the border of the whole input.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from base.geometry import Rect
from wav2lip.layers import Layer

Size = tuple[int, int]  # height, width


@dataclass(frozen=True)
class InputSpan:
    """The inputs that some outputs need along one axis, and the padding or cropping at both ends.

    `before` and `after` count the zeros that a convolution pads, and the outputs that a transposed
    convolution crops.
    """

    inputs: range
    before: int
    after: int


def required_inputs(layer: Layer, outputs: Rect, size: Size) -> tuple[InputSpan, InputSpan]:
    """The rows and the columns of an input of `size` that these outputs need."""
    span = _transposed_span if layer.transposed else _convolution_span
    rows, columns = range(outputs.top, outputs.bottom), range(outputs.left, outputs.right)
    return (
        span(layer, layer.strides[0], rows, size[0]),
        span(layer, layer.strides[1], columns, size[1]),
    )


def _convolution_span(layer: Layer, stride: int, outputs: range, size: int) -> InputSpan:
    first = outputs.start * stride - layer.padding
    last = (outputs.stop - 1) * stride - layer.padding + layer.kernel
    return InputSpan(range(max(first, 0), min(last, size)), max(-first, 0), max(last - size, 0))


def _transposed_span(layer: Layer, stride: int, outputs: range, size: int) -> InputSpan:
    """Input i adds to `kernel` outputs, the first of which is i * stride - padding."""
    reach = layer.kernel - 1 - layer.padding
    first = max(-((reach - outputs.start) // stride), 0)
    last = min((outputs.stop - 1 + layer.padding) // stride + 1, size)
    before = outputs.start - (first * stride - layer.padding)
    computed = (last - first - 1) * stride + layer.kernel
    return InputSpan(range(first, last), before, computed - before - len(outputs))


def input_rect(rows: InputSpan, columns: InputSpan) -> Rect:
    return Rect(rows.inputs.start, rows.inputs.stop, columns.inputs.start, columns.inputs.stop)


def whole_rect(size: Size) -> Rect:
    return Rect(0, size[0], 0, size[1])


def output_size(layer: Layer, size: Size) -> Size:
    """The size of the layer's whole output for an input of `size`."""
    height, width = (
        _output_length(layer, stride, length)
        for stride, length in zip(layer.strides, size, strict=True)
    )
    return height, width


def _output_length(layer: Layer, stride: int, length: int) -> int:
    if layer.transposed:
        trimmed = layer.kernel - 2 * layer.padding + layer.output_padding
        return (length - 1) * stride + trimmed
    return (length + 2 * layer.padding - layer.kernel) // stride + 1


def required_outputs(layers: Sequence[Layer], size: Size, last: Rect) -> list[Rect]:
    """For each of these successive layers, the outputs that the outputs `last` of the last need."""
    sizes = [size]
    for layer in layers:
        sizes.append(output_size(layer, sizes[-1]))
    rects = [last]
    for layer, input_size in zip(layers[:0:-1], sizes[-2:0:-1], strict=True):
        rects.insert(0, input_rect(*required_inputs(layer, rects[0], input_size)))
    return rects
