"""Weights that a rule fills, by the tensors' names: the reference cases were computed with them."""

import zlib
from collections.abc import Callable, Iterable
from math import prod

import numpy as np

COUNTER = "num_batches_tracked"


def filled_weights(
    layout: Iterable[tuple[str, tuple[int, ...]]],
    gain: Callable[[str], float] = lambda name: 1,
) -> dict[str, np.ndarray]:
    """Every tensor by its name; `gain` is a factor for weights of more than one dimension."""
    tensors = {name: filled_tensor(name, tuple(shape), gain(name)) for name, shape in layout}
    for name in tensors:
        if name.endswith(".weight_v"):
            tensors[name] = _right_vector(tensors, name.removesuffix("_v"))
    return tensors


def _right_vector(tensors: dict[str, np.ndarray], weight: str) -> np.ndarray:
    """Of a spectral norm: what the left vector makes of the weight, of length 1."""
    matrix = tensors[f"{weight}_orig"].reshape(len(tensors[f"{weight}_u"]), -1)
    vector = matrix.T.astype(np.float64) @ tensors[f"{weight}_u"].astype(np.float64)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def filled_tensor(name: str, shape: tuple[int, ...], gain: float = 1) -> np.ndarray:
    """The numbers that the name alone decides; float32, but for counters."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    part = name.rpartition(".")[2]
    if part == COUNTER:
        return np.array(1, np.int64)
    if part == "running_var" or (part == "weight" and len(shape) == 1):
        values = random.uniform(0.8, 1.2, shape)
    elif part in ("running_mean", "bias"):
        values = random.normal(0, 0.05, shape)
    elif part in ("weight_u", "weight_v"):
        values = random.normal(0, 1, shape)
        values /= np.linalg.norm(values)
    elif part == "classbias":
        values = random.normal(0, 1, shape)
    else:
        values = random.normal(0, (1 / prod(shape[1:])) ** 0.5 * gain, shape)
    return values.astype(np.float32)
