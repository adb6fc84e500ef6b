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
    return {name: filled_tensor(name, tuple(shape), gain(name)) for name, shape in layout}


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
    elif part == "classbias":
        values = random.normal(0, 1, shape)
    else:
        values = random.normal(0, (1 / prod(shape[1:])) ** 0.5 * gain, shape)
    return values.astype(np.float32)
