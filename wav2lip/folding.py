"""Fold every batch norm into its convolution: the same output, less work."""

import numpy as np
from numpy.typing import NDArray

from wav2lip.layers import COLOR_HEAD, Layer, Weights, named_convolutions, norm_of

EPSILON = np.float32(1e-5)  # of torch's batch norm


def fold_norms(weights: Weights) -> Weights:
    """Weight and bias of every convolution, in memory of their own."""
    folded: dict[str, NDArray[np.float32]] = {}
    with np.errstate(over="ignore", invalid="ignore"):  # seen in the network's output
        for name, layer in named_convolutions():
            if layer is COLOR_HEAD:
                parts = (f"{name}.weight", f"{name}.bias")
                folded |= {part: np.array(weights[part], order="C") for part in parts}
            else:
                folded |= fold_norm(weights, name, layer)
    return folded


def fold_norm(weights: Weights, name: str, layer: Layer) -> Weights:
    """Weight and bias of a convolution that does what it and its norm did, to the bit as torch."""
    scale, shift, mean, variance = (
        weights[f"{norm_of(name)}.{part}"]
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    rate = np.float32(1) / np.sqrt(variance + EPSILON)
    channels = (1, -1, 1, 1) if layer.transposed else (-1, 1, 1, 1)
    weight = np.multiply(weights[f"{name}.weight"], (scale * rate).reshape(channels), order="C")
    bias = (weights[f"{name}.bias"] - mean) * rate * scale + shift
    return {f"{name}.weight": weight, f"{name}.bias": bias}
