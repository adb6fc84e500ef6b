"""Doubling convolutions done for even and odd outputs apart, against OpenVINO's own."""

import numpy as np
import pytest

from base.geometry import Rect
from base.openvino import core, ops, ov
from wav2lip.generators.openvino_graph import (
    MANY_CHANNELS,
    FeatureMap,
    Float,
    KernelPart,
    convolve_part,
)
from wav2lip.layers import Layer, upsampling
from wav2lip.receptive import input_rect, required_inputs, whole_rect

LAYER = upsampling(MANY_CHANNELS, 4, 3, 2, 1)
SIZE = 4, 5  # of the input, doubled by the layer


@pytest.fixture(scope="module")
def weights():
    weight = np.random.default_rng(1).normal(0, 0.1, LAYER.weight_shape)
    return {"layer.weight": weight.astype(np.float32)}


def computed(nodes, *parameters):
    """What the nodes give for random numbers."""
    random = np.random.default_rng(2)
    model = ov.Model([ops.result(node) for node in nodes], list(parameters), "part")
    network = core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    shapes = [list(parameter.output(0).shape) for parameter in parameters]
    return list(
        network([random.normal(size=shape).astype(np.float32) for shape in shapes]).values()
    )


def whole_input(node):
    return FeatureMap(node, whole_rect(SIZE), SIZE)


def own_doubling(weights, parameter):
    kernels = ops.constant(weights["layer.weight"])
    pads = [1, 1], [0, 0]
    return ops.convolution_backprop_data(parameter, kernels, [2, 2], None, *pads, dilations=[1, 1])


@pytest.mark.parametrize(
    "rect",
    [Rect(0, 8, 0, 10), Rect(1, 8, 0, 10), Rect(2, 7, 3, 9), Rect(3, 4, 6, 7), Rect(0, 1, 9, 10)],
    ids=str,
)
def test_any_part_equals_that_of_a_transposed_convolution(weights, rect):
    """Given no more inputs than the part needs."""
    whole = ops.parameter([2, MANY_CHANNELS, *SIZE], np.float32)
    needed = input_rect(*required_inputs(LAYER, rect, SIZE))
    x = FeatureMap(whole_input(whole).crop(needed), needed, SIZE)
    part = convolve_part(x, "layer", LAYER, Float(weights), rect)
    found, expected = computed([part, own_doubling(weights, whole)], whole)
    rows, columns = rect.slices
    assert np.abs(found - expected[:, :, rows, columns]).max() < 1e-4


def test_channels_add_up_to_the_whole(weights):
    rect = Rect(1, 8, 2, 9)
    first, last = (
        ops.parameter([1, channels, *SIZE], np.float32) for channels in (100, MANY_CHANNELS - 100)
    )

    def part(node, *channels):
        return convolve_part(whole_input(node), "layer", LAYER, Float(weights), rect, *channels)

    apart = part(first, slice(0, 100)), part(last, slice(100, None))
    together = part(ops.concat([first, last], 1))
    whole, summed = computed([together, ops.add(*apart)], first, last)
    assert np.abs(whole - summed).max() < 1e-4


def test_a_phase_has_the_kernel_rows_that_reach_its_outputs():
    weight = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
    layer = Layer(1, 1, 3, 2, 1, transposed=True)
    assert KernelPart(phase=(False, False)).of(weight, layer).tolist() == [[[[4]]]]
    assert KernelPart(phase=(False, True)).of(weight, layer).tolist() == [[[[5, 3]]]]
    assert KernelPart(phase=(True, True)).of(weight, layer).tolist() == [[[[8, 6], [2, 0]]]]
