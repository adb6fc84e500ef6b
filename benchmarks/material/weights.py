"""A random checkpoint of the real size: its patches are noise, but cost what mouths cost."""

import json
import zlib
from collections.abc import Mapping
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wav2lip.layers import state_shapes

COUNTER = "num_batches_tracked"


def make_checkpoint(path: Path) -> Path:
    """Write random weights for Wav2Lip as safetensors; each is seeded by its name."""
    return make_weights(path, state_shapes())


def make_weights(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> Path:
    """The same for tensors of any names and shapes; counters of training are left out."""
    shapes = {name: shape for name, shape in shapes.items() if not name.endswith(COUNTER)}
    header: dict[str, object] = {}
    end = 0
    for name, shape in shapes.items():
        start, end = end, end + 4 * prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": (start, end)}
    described = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(described).to_bytes(8, "little") + described)
        for name, shape in shapes.items():
            file.write(random_tensor(name, shape).tobytes())
    return path


def random_tensor(name: str, shape: tuple[int, ...]) -> NDArray[np.generic]:
    """A random tensor whose scale keeps signals from dying or growing on their way."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith(COUNTER):
        return np.array(1, np.int64)
    if name.endswith(("running_mean", "bias")):
        return random.normal(0, 0.05, shape).astype(np.float32)
    if name.endswith("running_var") or len(shape) == 1:
        return random.uniform(0.8, 1.2, shape).astype(np.float32)
    spread = float(1 / np.prod(shape[1:])) ** 0.5
    gain = 1.2 if name.startswith("output_block.1") else 1.0
    return random.normal(0, gain * spread, shape).astype(np.float32)
