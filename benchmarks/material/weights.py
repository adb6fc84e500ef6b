"""A random checkpoint of the real size: its patches are noise, but cost what mouths cost."""

import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def make_checkpoint(path: Path) -> Path:
    """Write random weights for the network; each tensor is seeded by its name."""
    from safetensors.numpy import save_file

    from wav2lip.network import Wav2Lip

    shapes = {name: tuple(value.shape) for name, value in Wav2Lip().state_dict().items()}
    save_file({name: random_tensor(name, shape) for name, shape in shapes.items()}, path)
    return path


def random_tensor(name: str, shape: tuple[int, ...]) -> NDArray[np.generic]:
    """A random tensor whose scale keeps signals from dying or growing on their way."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith("num_batches_tracked"):
        return np.array(1, np.int64)
    if name.endswith(("running_mean", "bias")):
        return random.normal(0, 0.05, shape).astype(np.float32)
    if name.endswith("running_var") or len(shape) == 1:
        return random.uniform(0.8, 1.2, shape).astype(np.float32)
    spread = float(1 / np.prod(shape[1:])) ** 0.5
    gain = 1.2 if name.startswith("output_block.1") else 1.0
    return random.normal(0, gain * spread, shape).astype(np.float32)
