"""The inputs that a layer needs, against counting them one by one."""

from base.geometry import Rect
from tests.cases import each
from wav2lip.layers import FACE_DECODER, OUTPUT, Layer, named_convolutions, upsampling
from wav2lip.receptive import output_size, required_inputs, required_outputs

KINDS = [
    *dict.fromkeys(layer for _, layer in named_convolutions()),
    upsampling(8, 8, 4, 2, 1),
    Layer(8, 8, 5, 3, 2),
]
SIZE = 13, 9  # of the input


def inputs_of(layer, stride, output, size):
    """Every input that the output depends on, by the definition of the two kinds of layer."""
    if layer.transposed:
        return {i for i in range(size) if 0 <= output + layer.padding - i * stride < layer.kernel}
    first = output * stride - layer.padding
    return {i for i in range(first, first + layer.kernel) if 0 <= i < size}


@each("layer", KINDS)
@each("axis", [0, 1])
def test_exactly_the_needed_inputs_are_required(layer, axis):
    size, stride = SIZE[axis], layer.strides[axis]
    count = output_size(layer, SIZE)[axis]
    for first in range(count):
        for last in range(first + 1, count + 1):
            outputs = [Rect(first, last, 0, 1), Rect(0, 1, first, last)][axis]
            span = required_inputs(layer, outputs, SIZE)[axis]
            needed = set().union(*(inputs_of(layer, stride, o, size) for o in range(first, last)))
            assert span.inputs == range(min(needed), max(needed) + 1)


@each("layer", KINDS)
def test_padding_and_cropping_leave_exactly_the_outputs(layer):
    """Zeros are padded, and outputs cropped, at the right ends."""
    stride = layer.strides[0]
    for first in range(output_size(layer, SIZE)[0]):
        for last in range(first + 1, output_size(layer, SIZE)[0] + 1):
            rows, _ = required_inputs(layer, Rect(first, last, 0, 1), SIZE)
            length = len(rows.inputs)
            if layer.transposed:
                computed = (length - 1) * stride + layer.kernel - rows.before - rows.after
                from_output = rows.inputs.start * stride - layer.padding + rows.before
            else:
                computed = (length + rows.before + rows.after - layer.kernel) // stride + 1
                from_output = (rows.inputs.start - rows.before + layer.padding) / stride
            assert computed == last - first and from_output == first
            assert rows.before >= 0 and rows.after >= 0


def test_the_walk_grows_by_each_kernel_and_stops_at_the_border():
    layers = [*FACE_DECODER[-1], OUTPUT]
    assert required_outputs(layers, (48, 48), Rect(40, 60, 90, 96)) == [
        Rect(37, 63, 87, 96),
        Rect(38, 62, 88, 96),
        Rect(39, 61, 89, 96),
        Rect(40, 60, 90, 96),
    ]
