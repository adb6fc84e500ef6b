"""Which part of a layer's input some of its outputs are made from: a walk back through the network.

What is computed from such a part equals what the whole network computes there, since zeros are
laid on only where the whole picture ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from base.geometry import Rect
from wav2lip.layers import Layer

Size = tuple[int, int]  # height, width


@dataclass(frozen=True)
class Taken:
    """Along one axis: the inputs that are needed for some outputs, and what happens at their ends.

    A convolution lays on as many zeros; a transposed one cuts off as many outputs.
    """

    inputs: range
    before: int
    after: int


def taken(layer: Layer, outputs: Rect, size: Size) -> tuple[Taken, Taken]:
    """Of the rows and of the columns of an input of `size`."""
    along = _transposed if layer.transposed else _convolution
    rows, columns = range(outputs.top, outputs.bottom), range(outputs.left, outputs.right)
    return (
        along(layer, layer.strides[0], rows, size[0]),
        along(layer, layer.strides[1], columns, size[1]),
    )


def _convolution(layer: Layer, stride: int, outputs: range, size: int) -> Taken:
    first = outputs.start * stride - layer.padding
    last = (outputs.stop - 1) * stride - layer.padding + layer.kernel
    return Taken(range(max(first, 0), min(last, size)), max(-first, 0), max(last - size, 0))


def _transposed(layer: Layer, stride: int, outputs: range, size: int) -> Taken:
    """Input i adds to the outputs from i * stride - padding on, as many as the kernel is wide."""
    over = layer.kernel - 1 - layer.padding
    first = max(-((over - outputs.start) // stride), 0)
    last = min((outputs.stop - 1 + layer.padding) // stride + 1, size)
    before = outputs.start - (first * stride - layer.padding)
    made = (last - first - 1) * stride + layer.kernel
    return Taken(range(first, last), before, made - before - len(outputs))


def rect_of(rows: Taken, columns: Taken) -> Rect:
    return Rect(rows.inputs.start, rows.inputs.stop, columns.inputs.start, columns.inputs.stop)


def whole(size: Size) -> Rect:
    return Rect(0, size[0], 0, size[1])


def size_after(layer: Layer, size: Size) -> Size:
    height, width = (_length(layer, *of) for of in zip(layer.strides, size, strict=True))
    return height, width


def _length(layer: Layer, stride: int, length: int) -> int:
    if layer.transposed:
        trimmed = layer.kernel - 2 * layer.padding + layer.output_padding
        return (length - 1) * stride + trimmed
    return (length + 2 * layer.padding - layer.kernel) // stride + 1


def outputs_wanted(layers: Sequence[Layer], size: Size, shown: Rect) -> list[Rect]:
    """What each of these layers, one behind the other, must make so that the last makes `shown`."""
    sizes = [size]
    for layer in layers:
        sizes.append(size_after(layer, sizes[-1]))
    wanted = [shown]
    for layer, before in zip(layers[:0:-1], sizes[-2:0:-1], strict=True):
        wanted.insert(0, rect_of(*taken(layer, wanted[0], before)))
    return wanted
