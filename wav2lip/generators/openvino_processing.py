"""Pre- and postprocessing inside the OpenVINO graph: batches go in and patches come out.

In numpy the same arithmetic would take as long, and memory for every batch.
"""

from itertools import permutations

import numpy as np

from base.generator import BANDS, COLUMNS, SIDE
from base.geometry import Rect
from base.openvino import ops, ov

OFFSET = "offset"


def add_processing(
    model: ov.Model, size: int, visible: Rect, with_offset: bool = False
) -> ov.Model:
    """mels (size, 80, 16), faces (size, 96, 96, 3) uint8 BGR -> patches' visible part, finite.

    With an offset it also takes that: (1, 3, 1, 1) levels that are added to each channel.

    `finite` is a bool scalar: whether the network's output holds no NaN and no infinity, which
    become undefined pixels. The network may make the visible part alone, or the whole face, which
    is cropped. ValueError if its inputs or outputs are not Wav2Lip's. `model` is changed in place.
    """
    mel, face = find_inputs(model, size)
    mels = ops.parameter([size, BANDS, COLUMNS], np.float32, name="mels")
    faces = ops.parameter([size, SIDE, SIDE, 3], np.uint8, name="faces")
    replace_input(prepare_mels(mels), mel)
    replace_input(prepare_faces(faces), face)
    out = crop_output(model.output(0).get_node().input_value(0), size, visible)
    return patch_model(out, [mels, faces], with_offset, "wav2lip_patches")


def patch_model(out: ov.Node, inputs: list[ov.Node], with_offset: bool, name: str) -> ov.Model:
    """inputs and maybe an offset -> the patches, and whether the network's output is finite."""
    offsets = [ops.parameter([1, 3, 1, 1], np.float32, name=OFFSET)] if with_offset else []
    results = [ops.result(node) for node in (restore_patches(out, *offsets), all_finite(out))]
    return ov.Model(results, [*inputs, *offsets], name)


def fixed_batch_size(model: ov.Model) -> int | None:
    """The number of frames that the network takes at once; None if it takes any number."""
    shape = model.input(0).partial_shape
    fixed = shape.rank.is_static and shape.rank.get_length() > 0 and shape[0].is_static
    return shape[0].get_length() if fixed else None


def find_inputs(model: ov.Model, size: int) -> tuple[ov.Node, ov.Node]:
    """Reshape the model to `size` frames and return its inputs for the mel and the face.

    They are recognized by their shapes, since names differ.
    """
    mel_shape, face_shape = [size, 1, BANDS, COLUMNS], [size, 6, SIDE, SIDE]
    for mel, face in permutations(model.inputs, 2):
        shapes = {mel: mel_shape, face: face_shape}
        if all(port.partial_shape.compatible(ov.PartialShape(s)) for port, s in shapes.items()):
            model.reshape({port: ov.PartialShape(s) for port, s in shapes.items()})
            break
    else:
        raise ValueError("its inputs are not a mel (n, 1, 80, 16) and a face (n, 6, 96, 96)")
    if len(model.inputs) > 2:
        raise ValueError("it takes more than a mel and a face")
    return mel.get_node(), face.get_node()


def crop_output(out: ov.Output, size: int, visible: Rect) -> ov.Node:
    """Crop the network's output to the visible rect, unless it has that size already."""
    width, height = visible.size
    if out.partial_shape == ov.PartialShape([size, 3, height, width]):
        return out.get_node()
    if out.partial_shape != ov.PartialShape([size, 3, SIDE, SIDE]):
        raise ValueError("it does not make a face (n, 3, 96, 96)")
    start, stop = [visible.top, visible.left], [visible.bottom, visible.right]
    bounds = start, stop, [1, 1], [2, 3]
    return ops.slice(out.get_node(), *(np.array(bound, np.int64) for bound in bounds))


def replace_input(value: ov.Node, parameter: ov.Node) -> None:
    """Connect `value` to everything in the network that reads the parameter."""
    converted = ops.convert(value, parameter.get_element_type())
    for reader in parameter.output(0).get_target_inputs():
        reader.replace_source_output(converted.output(0))


def prepare_mels(mels: ov.Node) -> ov.Node:
    """-> (n, 1, 80, 16)"""
    return ops.unsqueeze(mels, np.int64(1))


def prepare_faces(faces: ov.Node) -> ov.Node:
    """-> (n, 6, 96, 96) in 0..1: the face without its lower half, then the whole face."""
    whole = ops.transpose(ops.convert(faces, ov.Type.f32), np.array([0, 3, 1, 2]))
    whole = ops.multiply(whole, np.float32(1 / 255))
    upper = (np.arange(SIDE) < SIDE // 2).astype(np.float32).reshape(1, 1, SIDE, 1)
    return ops.concat([ops.multiply(whole, upper), whole], 1)


def restore_patches(out: ov.Node, offset: ov.Node | None = None) -> ov.Node:
    """(n, 3, height, width) in 0..1 -> (n, height, width, 3) uint8, rounded to the nearest."""
    scaled = ops.multiply(ops.convert(out, ov.Type.f32), np.float32(255))
    if offset is not None:
        scaled = ops.add(scaled, offset)
    rounded = ops.round(ops.clamp(scaled, 0.0, 255.0), "half_to_even")
    return ops.transpose(ops.convert(rounded, ov.Type.u8), np.array([0, 2, 3, 1]))


def all_finite(out: ov.Node) -> ov.Node:
    finite = ops.is_finite(ops.convert(out, ov.Type.f32))
    return ops.reduce_logical_and(finite, np.arange(4))
