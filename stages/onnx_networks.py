"""Image networks in ONNX files, by OpenVINO."""

from functools import partial

import numpy as np

from base.errors import EngineError
from base.network_file import read_network
from base.openvino import ov
from stages.compiled import Inputs, compile_model, forward, signed
from stages.networks import (
    ImageNetwork,
    ImageNetworkFile,
    Size,
    first_line,
    scale_between,
)

# CodeFormer's weight between a handsome face (0) and this one (1): lips must stay as they speak.
FIDELITY = 0.7
COLOURS = 3
LARGEST_BATCH = 16


def load_onnx(file: ImageNetworkFile) -> ImageNetwork:
    """The network of an ONNX file; EngineError unless it takes and gives pictures."""
    try:
        return _load(file, read_network(file.path).model)
    except EngineError:
        raise
    except RuntimeError as error:
        raise file.error(f"OpenVINO cannot run this network: {first_line(error)}") from error


def _load(file: ImageNetworkFile, model: ov.Model) -> ImageNetwork:
    place = _picture_place(file, model)
    size, together = _fit(file, model, place)
    output, made = _picture_output(file, model)
    scale = scale_between(size, made)
    if scale is None:
        raise file.error(f"makes pictures of {_words(made)} from {_words(size)}")
    others = _other_inputs(file, model, place)
    run = partial(forward, compile_model(model, file), place, others, output)
    run = partial(signed, run) if file.signed else run
    return ImageNetwork(file.path, "ONNX by OpenVINO", size, scale, run, together)


def _picture_place(file: ImageNetworkFile, model: ov.Model) -> int:
    """Which of the inputs is the picture: the only one of four dimensions, RGB first."""
    shapes = [given.get_partial_shape() for given in model.inputs]
    places = [place for place, shape in enumerate(shapes) if shape.rank == ov.Dimension(4)]
    if len(places) != 1:
        raise file.error(f"takes {len(places)} pictures, not one: it is another network")
    colours = shapes[places[0]][1]
    if colours.is_static and colours.get_length() != COLOURS:
        raise file.error(f"takes pictures of {colours.get_length()} channels, not RGB")
    return places[0]


def _fit(file: ImageNetworkFile, model: ov.Model, place: int) -> tuple[Size, int]:
    """Give the model the wanted size where it takes any; return its size and its batch."""
    count, _, height, width = model.inputs[place].get_partial_shape()
    size = _length(width, file.size[0]), _length(height, file.size[1])
    together = _length(count, 1)
    if not 0 < together <= LARGEST_BATCH or min(size) < 1:
        raise file.error(f"takes {together} pictures of {_words(size)} in one go")
    try:
        model.reshape({model.inputs[place]: [together, COLOURS, size[1], size[0]]})
    except RuntimeError as error:
        raise file.error(f"takes no pictures of {_words(size)}: another network") from error
    return size, together


def _length(dimension: ov.Dimension, wanted: int) -> int:
    """Of a dimension that may be any: the wanted one, or the nearest that it allows."""
    if dimension.is_static:
        return int(dimension.get_length())
    return int(max(dimension.get_min_length(), wanted))


def _picture_output(file: ImageNetworkFile, model: ov.Model) -> tuple[int, Size]:
    """Which output is the first picture, and its size."""
    for place, made in enumerate(model.outputs):
        shape = made.get_partial_shape()
        if shape.is_static and len(shape) == 4 and shape[1].get_length() == COLOURS:
            return place, (shape[3].get_length(), shape[2].get_length())
    raise file.error("gives no picture of a known size: it is another network")


def _other_inputs(file: ImageNetworkFile, model: ov.Model, place: int) -> Inputs:
    """FIDELITY for every input that is a single number."""
    others = {}
    for index, given in enumerate(model.inputs):
        if index == place:
            continue
        shape = given.get_partial_shape()
        lengths = [_length(dimension, 1) for dimension in shape] if shape.rank.is_static else [0]
        if set(lengths) - {1} or not given.get_element_type().is_real():
            raise file.error(f"wants {given.any_name!r} beside the picture: another network")
        kind = given.get_element_type().to_dtype()
        others[index] = np.full(lengths, FIDELITY, kind)
    return others


def _words(size: Size) -> str:
    return f"{size[0]}x{size[1]}"
