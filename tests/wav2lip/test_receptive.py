"""The inputs that a layer needs, against counting them one by one."""

import pytest

from base.geometry import Rect
from wav2lip.layers import FACE_DECODER, OUTPUT, Layer, convolutions, up
from wav2lip.receptive import outputs_wanted, size_after, taken

KINDS = [
    *dict.fromkeys(layer for _, layer in convolutions()),
    up(8, 8, 4, 2, 1),
    Layer(8, 8, 5, 3, 2),
]
SIZE = 13, 9  # of the input


def inputs_of(layer, stride, output, size):
    """Every input that has a part in the output, by what the two kinds of layer do."""
    if layer.transposed:
        reached = [
            i for i in range(size) if 0 <= output + layer.padding - i * stride < layer.kernel
        ]
        return set(reached)
    first = output * stride - layer.padding
    return {i for i in range(first, first + layer.kernel) if 0 <= i < size}


@pytest.mark.parametrize("layer", KINDS, ids=str)
@pytest.mark.parametrize("axis", [0, 1])
def test_exactly_the_needed_inputs_are_taken(layer, axis):
    size, stride = SIZE[axis], layer.strides[axis]
    count = size_after(layer, SIZE)[axis]
    for first in range(count):
        for last in range(first + 1, count + 1):
            outputs = [Rect(first, last, 0, 1), Rect(0, 1, first, last)][axis]
            got = taken(layer, outputs, SIZE)[axis]
            needed = set().union(*(inputs_of(layer, stride, o, size) for o in range(first, last)))
            assert got.inputs == range(min(needed), max(needed) + 1)


@pytest.mark.parametrize("layer", KINDS, ids=str)
def test_as_many_outputs_are_made_as_were_asked(layer):
    """Zeros are laid on, and outputs cut off, at the right ends."""
    stride = layer.strides[0]
    for first in range(size_after(layer, SIZE)[0]):
        for last in range(first + 1, size_after(layer, SIZE)[0] + 1):
            rows, _ = taken(layer, Rect(first, last, 0, 1), SIZE)
            length = len(rows.inputs)
            if layer.transposed:
                made = (length - 1) * stride + layer.kernel - rows.before - rows.after
                from_output = rows.inputs.start * stride - layer.padding + rows.before
            else:
                made = (length + rows.before + rows.after - layer.kernel) // stride + 1
                from_output = (rows.inputs.start - rows.before + layer.padding) / stride
            assert made == last - first and from_output == first
            assert rows.before >= 0 and rows.after >= 0


def test_the_walk_grows_by_each_kernel_and_stops_at_the_border():
    layers = [*FACE_DECODER[-1], OUTPUT]
    assert outputs_wanted(layers, (48, 48), Rect(40, 60, 90, 96)) == [
        Rect(37, 63, 87, 96),
        Rect(38, 62, 88, 96),
        Rect(39, 61, 89, 96),
        Rect(40, 60, 90, 96),
    ]
