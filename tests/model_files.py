"""Makes files of models as they are found in the wild; the numbers in them are of no account."""

import json
from itertools import pairwise
from math import prod
from pathlib import Path

import torch

from tests.onnx_writer import block, number, text, value

DATA = Path(__file__).parent / "models" / "data"
GFPGAN = {
    "stylegan_decoder.style_mlp.1.weight": (512, 512),
    "conv_body_first.weight": (32, 3, 1, 1),
    "toRGB.0.weight": (3, 512, 1, 1),
}


def layout(name):
    """The published files' tensors: fomm, diff2lip, sadtalker, sadtalker_mapping."""
    return {
        key: tuple(shape) for key, shape in json.loads((DATA / f"{name}.json").read_text()).items()
    }


def tensor(shape):
    """Any shape in the room of one number."""
    return torch.zeros(1).expand(tuple(shape) or (1,)).view(tuple(shape))


def nested(shapes):
    """{"a.b": shape} as {"a": {"b": tensor}}, one dict deep."""
    content = {}
    for name, shape in shapes.items():
        outer, _, inner = name.partition(".")
        content.setdefault(outer, {})[inner] = tensor(shape)
    return content


def save_weights(path, shapes, outer=None, legacy=False):
    """As torch does; `outer` is the dict around them."""
    tensors = {name: tensor(shape) for name, shape in shapes.items()}
    content = tensors if outer is None else {outer: tensors}
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    return path


def save_safetensors(path, shapes):
    """A file of full size, of which the disk keeps the header alone."""
    ends = [0]
    for shape in shapes.values():
        ends.append(ends[-1] + 4 * prod(shape))
    facts = {
        name: {"dtype": "F32", "shape": list(shape), "data_offsets": list(span)}
        for (name, shape), span in zip(shapes.items(), pairwise(ends), strict=True)
    }
    head = json.dumps(facts).encode()
    with path.open("wb") as file:
        file.write(len(head).to_bytes(8, "little") + head)
        file.truncate(8 + len(head) + ends[-1])
    return path


def save_onnx(path, inputs, outputs, weights=None):
    """A network without a node; {name: shape} of each, a word in a shape for any size."""
    body = text(2, "made")
    for name, shape in (weights or {}).items():
        dims = b"".join(number(1, size) for size in shape)
        body += block(5, dims + number(2, 1) + text(8, name) + block(9, bytes(4 * prod(shape))))
    body += b"".join(block(11, value(*one)) for one in inputs.items())
    body += b"".join(block(12, value(*one)) for one in outputs.items())
    path.write_bytes(number(1, 8) + block(8, text(1, "") + number(2, 17)) + block(7, body))
    return path


def save_gfpgan(path):
    return save_weights(path, GFPGAN, "params_ema")
