"""The network for a face that stays the same: what depends on it alone is computed once.

A decoder's convolution of its own features and the face's is the sum of two convolutions. The
second one's output, its share, changes only with the face.
"""

import numpy as np

from base.generator import BANDS, COLUMNS, SIDE
from base.geometry import Rect
from base.openvino import ops, ov
from wav2lip.generators.openvino_graph import (
    Arithmetic,
    DecoderStep,
    FeatureMap,
    convolve_part,
    decode,
    decoder_steps,
    encode_face,
    encode_mel,
)
from wav2lip.generators.openvino_processing import (
    patch_model,
    prepare_faces,
    prepare_mels,
    replace_input,
)
from wav2lip.layers import FACE_ENCODER
from wav2lip.receptive import output_size


def skip_channels(step: DecoderStep) -> int:
    """How many of the step's input channels are the face encoder's: the last ones."""
    assert step.skip is not None
    return FACE_ENCODER[step.skip][-1].out_channels


def shares_graph(arithmetic: Arithmetic, visible: Rect) -> ov.Model:
    """face (n, 6, 96, 96) -> the face's share of each decoder convolution, with bias, by name."""
    face = ops.parameter([-1, 6, SIDE, SIDE], np.float32, name="face")
    skips = encode_face(face, arithmetic)
    results = []
    rect, size = Rect(0, 1, 0, 1), (1, 1)
    for step in decoder_steps(visible):
        if step.skip is not None:
            x = FeatureMap(skips[step.skip].crop(rect), rect, size)
            channels = slice(-skip_channels(step), None)
            share = ops.add(
                convolve_part(x, step.name, step.layer, arithmetic, step.rect, channels),
                arithmetic.bias(step.name),
            )
            share.set_friendly_name(step.name)
            result = ops.result(share)
            result.output(0).get_tensor().set_names({step.name})
            results.append(result)
        rect, size = step.rect, output_size(step.layer, size)
    return ov.Model(results, [face], "wav2lip_face")


def still_graph(arithmetic: Arithmetic, visible: Rect) -> ov.Model:
    """(mel, shares) -> the visible part of the network's output, (n, 3, height, width)."""
    mel = ops.parameter([-1, 1, BANDS, COLUMNS], np.float32, name="mel")
    shares = []

    def join(x: FeatureMap, step: DecoderStep) -> ov.Node:
        height, width = step.rect.size[::-1]
        shape = [1, step.layer.out_channels, height, width]
        share = ops.parameter(shape, np.float32, name=step.name)
        shares.append(share)
        channels = slice(None, -skip_channels(step))
        mouth = convolve_part(x, step.name, step.layer, arithmetic, step.rect, channels)
        return ops.add(mouth, share)

    out = decode(encode_mel(mel, arithmetic), join, arithmetic, visible)
    return ov.Model([ops.result(out)], [mel, *shares], "wav2lip_still")


def complete_shares(model: ov.Model) -> ov.Model:
    """faces (1, 96, 96, 3) uint8 BGR -> the shares."""
    model.reshape({"face": ov.PartialShape([1, 6, SIDE, SIDE])})
    faces = ops.parameter([1, SIDE, SIDE, 3], np.uint8, name="faces")
    replace_input(prepare_faces(faces), model.input("face").get_node())
    return ov.Model(model.get_results(), [faces], "wav2lip_shares")


def complete_still(model: ov.Model, size: int, with_offset: bool = False) -> ov.Model:
    """mels (size, 80, 16), the shares and maybe an offset -> the patches' visible part, finite."""
    mel, *shares = model.get_parameters()
    model.reshape({"mel": ov.PartialShape([size, 1, BANDS, COLUMNS])})
    mels = ops.parameter([size, BANDS, COLUMNS], np.float32, name="mels")
    replace_input(prepare_mels(mels), mel)
    out = model.output(0).get_node().input_value(0).get_node()
    return patch_model(out, [mels, *shares], with_offset, "wav2lip_still_patches")
