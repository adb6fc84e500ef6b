"""A user's network between frames: small ones in the interfaces that RIFE is converted to."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from base.errors import EngineError
from stages import STAGES
from stages.rate.network import load_interpolator
from stages.rate.stage import RateSettings
from stages.stage import OutputFrame, StageScene, VideoFormat
from tests.onnx_writer import Graph, block, number, text, value
from tests.stages.test_rate import square_at
from video.yuv import Frame

FIRST, SECOND = square_at(60.0), square_at(70.0)
ODD = Frame.of_picture(FIRST.picture()[:131, :157])


def saved(path, graph, inputs, output, shape):
    body = b"".join(graph.nodes) + text(2, "between") + b"".join(graph.weights)
    body += b"".join(block(11, value(name, size)) for name, size in inputs.items())
    body += block(12, value(output, shape))
    path.write_bytes(number(1, 8) + block(8, text(1, "") + number(2, 17)) + block(7, body))
    return path


def mixing(path, step=(1,), height="h", width="w"):
    """first + step * (second - first), as three inputs."""
    graph, shape = Graph(), ["n", 3, height, width]
    change = graph.node("Mul", [graph.node("Sub", ["img1", "img0"]), "timestep"])
    mixed = graph.node("Add", ["img0", change])
    inputs = {"img0": shape, "img1": shape, "timestep": [*step]}
    return saved(path, graph, inputs, mixed, shape)


def joined(path, channels):
    """The same as one input; of 8 channels the last one multiplies the picture."""
    graph = Graph()

    def selected(*wanted):
        weight = torch.zeros(3, channels, 1, 1)
        for row, channel in enumerate(wanted):
            weight[row, channel] = 1
        convolution = torch.nn.Conv2d(channels, 3, 1)
        convolution.weight.data, convolution.bias.data = weight, torch.zeros(3)
        return graph.convolution(convolution, "input")

    first, second, step = selected(0, 1, 2), selected(3, 4, 5), selected(6, 6, 6)
    change = graph.node("Mul", [graph.node("Sub", [second, first]), step])
    mixed = graph.node("Add", [first, change])
    if channels == 8:
        mixed = graph.node("Mul", [mixed, selected(7, 7, 7)])
    inputs = {"input": ["n", channels, "h", "w"]}
    return saved(path, graph, inputs, mixed, ["n", 3, "h", "w"])


def is_mixed(frame, part):
    pictures = [one.picture().astype(float) for one in (FIRST, SECOND, frame)]
    wanted = pictures[0] + part * (pictures[1] - pictures[0])
    return np.abs(pictures[2] - wanted).mean() < 1.0  # rounding and chroma of half the size


@pytest.mark.parametrize("step", [(1,), (), (1, 1, 1, 1), ("n", 1, "h", "w")])
@pytest.mark.parametrize("part", [0.25, 0.6])
def test_two_pictures_and_a_time_step(tmp_path, step, part):
    between = load_interpolator(mixing(tmp_path / "rife.onnx", step), FIRST)(FIRST, SECOND)
    assert is_mixed(between(part, None), part)


@pytest.mark.parametrize("channels", [7, 8])
def test_all_of_them_as_one_input(tmp_path, channels):
    between = load_interpolator(joined(tmp_path / "rife.onnx", channels), FIRST)(FIRST, SECOND)
    assert is_mixed(between(0.3, None), 0.3)


def test_frames_of_any_size_are_padded(tmp_path):
    between = load_interpolator(mixing(tmp_path / "rife.onnx"), ODD)(ODD, ODD)
    frame = between(0.5, None)
    assert (frame.width, frame.height) == (157, 131)
    for made, given in zip(frame.planes(), ODD.planes(), strict=True):
        assert np.abs(made.astype(int) - given).max() <= 1


def test_a_network_of_one_size_takes_what_fits(tmp_path):
    path = mixing(tmp_path / "rife.onnx", height=192, width=256)
    assert is_mixed(load_interpolator(path, FIRST)(FIRST, SECOND)(0.5, None), 0.5)
    small = mixing(tmp_path / "small.onnx", height=64, width=256)
    with pytest.raises(EngineError, match="a side of 64, not 160"):
        load_interpolator(small, FIRST)


def test_frames_of_another_size_are_not_made(tmp_path):
    network = load_interpolator(mixing(tmp_path / "rife.onnx"), FIRST)
    assert network(ODD, ODD)(0.5, None) is None


def other_networks(path):
    graph, picture = Graph(), ["n", 3, "h", "w"]
    yield saved(path, graph, {"a": picture}, graph.node("Relu", ["a"]), picture)
    graph = Graph()
    both = graph.node("Add", ["a", "b"])
    yield saved(path, graph, {"a": picture, "b": picture}, both, picture)
    graph = Graph()
    layer = torch.nn.Conv2d(7, 2, 1)
    output = graph.convolution(layer, "a")
    yield saved(path, graph, {"a": ["n", 7, "h", "w"]}, output, ["n", 2, "h", "w"])
    path.write_bytes(b"no network")
    yield path


def test_another_network_is_refused_in_a_line(tmp_path):
    count = 0
    for path in other_networks(tmp_path / "other.onnx"):
        with pytest.raises(EngineError, match=r"other\.onnx: ") as refused:
            load_interpolator(path, FIRST)
        assert "\n" not in str(refused.value)
        count += 1
    assert count == 4


def without_numbers(path):
    """The first picture divided by the time step less itself."""
    graph, shape = Graph(), ["n", 3, "h", "w"]
    nothing = graph.node("Sub", ["timestep", "timestep"])
    infinite = graph.node("Div", ["img0", nothing])
    inputs = {"img0": shape, "img1": shape, "timestep": [1]}
    return saved(path, graph, inputs, graph.node("Add", [infinite, "img1"]), shape)


def test_a_network_that_gives_no_numbers_is_refused(tmp_path):
    with pytest.raises(EngineError, match="no number"):
        load_interpolator(without_numbers(tmp_path / "nan.onnx"), FIRST)


def test_the_stage_uses_it(tmp_path):
    given = VideoFormat(FIRST.width, FIRST.height, Fraction(25))
    scene = StageScene(given, FIRST, still=False)
    stage = STAGES["rate"].load(RateSettings(Fraction(50), mixing(tmp_path / "rife.onnx")), scene)
    frames = [OutputFrame(0, FIRST, None, 0), OutputFrame(1, SECOND, None, 1)]
    first, between, second, *_ = stage(iter(frames))
    assert first.frame is FIRST and second.frame is SECOND and is_mixed(between.frame, 0.5)
