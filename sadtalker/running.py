"""The generator on a CPU: its convolutions by OpenVINO, what lies between them by torch.

OpenVINO does not sample volumes, and in bf16 a place would be a quarter of a pixel off.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from networks.running import Floats, Run, by_openvino, run_errors
from sadtalker.dense_motion import DEPTH, SEEN, motions_seen
from sadtalker.generator import WARPED, Generator, Painter, warped

TRACED = 32  # voxels in height and width: the least that can be halved five times


def by_parts(generator: Generator, size: int, half: bool) -> Run:
    """For one frame at a time."""
    move = _sized(generator.dense_motion_network, [(SEEN, DEPTH)], size // 4, half)
    paint = _sized(Painter(generator), [(WARPED,), (1,)], size // 4, half)

    def run(*inputs: NDArray[np.float32]) -> tuple[Floats, ...]:
        volume, compressed, own, wanted = map(torch.from_numpy, inputs)
        with torch.inference_mode(), run_errors():
            shares, occlusion = move(_array(motions_seen(compressed, own, wanted)))
            features = warped(volume, torch.from_numpy(shares), own, wanted)
            return paint(_array(features), occlusion)

    return run


def _sized(network: nn.Module, channels: Sequence[tuple[int, ...]], side: int, half: bool) -> Run:
    """For inputs of these channels, and of `side` in height and width."""
    examples = [np.zeros((1, *sizes, TRACED, TRACED), np.float32) for sizes in channels]
    shapes = [(1, *sizes, side, side) for sizes in channels]
    return by_openvino(network, examples, half, shapes)


def _array(values: Tensor) -> Floats:
    return np.asarray(values.numpy())
