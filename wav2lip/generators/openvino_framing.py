"""What stands around a network in its OpenVINO graph, so that batches go in and patches come out.

The same arithmetic in numpy takes as long; here it needs no lines and no memory in the loop.
"""

from itertools import permutations

import numpy as np

from base.geometry import Rect
from base.openvino import ops, ov
from wav2lip.generators.batch import BANDS, COLUMNS, SIDE


def framed(model: ov.Model, size: int, shown: Rect) -> ov.Model:
    """mels (size, 80, 16), faces (size, 96, 96, 3) uint8 BGR -> patches' part `shown`.

    A network may make that part alone, or the whole face of which it is cut.
    A network with other inputs or outputs than Wav2Lip's is a ValueError. `model` is used up.
    """
    mel, face = parameters_of(model, size)
    mels = ops.parameter([size, BANDS, COLUMNS], np.float32, name="mels")
    faces = ops.parameter([size, SIDE, SIDE, 3], np.uint8, name="faces")
    put(prepare_mels(mels), mel)
    put(prepare_faces(faces), face)
    out = part_of(model.output(0).get_node().input_value(0), size, shown)
    return ov.Model([ops.result(restore_patches(out))], [mels, faces], "framed")


def fixed_size(model: ov.Model) -> int | None:
    """The number of frames at once, where the network was made for one number alone."""
    shape = model.input(0).partial_shape
    known = shape.rank.is_static and shape.rank.get_length() > 0 and shape[0].is_static
    return shape[0].get_length() if known else None


def parameters_of(model: ov.Model, size: int) -> tuple[ov.Node, ov.Node]:
    """Where the mel and the face go in, now for `size` frames; by shape, since names differ."""
    mel_shape, face_shape = [size, 1, BANDS, COLUMNS], [size, 6, SIDE, SIDE]
    for mel, face in permutations(model.inputs, 2):
        shapes = {mel: mel_shape, face: face_shape}
        if all(place.partial_shape.compatible(ov.PartialShape(s)) for place, s in shapes.items()):
            model.reshape({place: ov.PartialShape(s) for place, s in shapes.items()})
            break
    else:
        raise ValueError("its inputs are not a mel (n, 1, 80, 16) and a face (n, 6, 96, 96)")
    if len(model.inputs) > 2:
        raise ValueError("it takes more than a mel and a face")
    return mel.get_node(), face.get_node()


def part_of(out: ov.Output, size: int, shown: Rect) -> ov.Node:
    width, height = shown.size
    if out.partial_shape == ov.PartialShape([size, 3, height, width]):
        return out.get_node()
    if out.partial_shape != ov.PartialShape([size, 3, SIDE, SIDE]):
        raise ValueError("it does not make a face (n, 3, 96, 96)")
    ends = [shown.top, shown.left], [shown.bottom, shown.right], [1, 1], [2, 3]
    return ops.slice(out.get_node(), *(np.array(end, np.int64) for end in ends))


def put(value: ov.Node, place: ov.Node) -> None:
    """Let what the network reads at the parameter `place` be `value`."""
    converted = ops.convert(value, place.get_element_type())
    for reader in place.output(0).get_target_inputs():
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


def restore_patches(out: ov.Node) -> ov.Node:
    """(n, 3, height, width) in 0..1 -> (n, height, width, 3) uint8, rounded to the nearest."""
    scaled = ops.multiply(ops.convert(out, ov.Type.f32), np.float32(255))
    rounded = ops.round(ops.clamp(scaled, 0.0, 255.0), "half_to_even")
    return ops.transpose(ops.convert(rounded, ov.Type.u8), np.array([0, 2, 3, 1]))
