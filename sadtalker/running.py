"""The generator, made to run fast: whole on a GPU, in parts on a CPU.

In half precision a place in the picture would be a quarter of a pixel off: places stay exact.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from networks.running import Floats, Run, by_openvino, by_torch, run_errors
from sadtalker.dense_motion import DEPTH, SEEN, motions_seen
from sadtalker.generator import WARPED, Generator, Painter, warped

TRACED = 32  # voxels in height and width: the least that can be halved five times


class MixedPrecision(nn.Module):
    """The network, its convolutions in the half precision that suits the device."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> Tensor:
        with torch.autocast(inputs[0].device.type):
            made: Tensor = self.network(*inputs)
            return made


def on_gpu(generator: Generator, half: bool) -> Run:
    return by_torch(MixedPrecision(generator) if half else generator, "cuda")


def by_parts(generator: Generator, size: int, half: bool) -> Run:
    """For one frame at a time, on a CPU: OpenVINO lacks the sampling of volumes, torch does it."""
    move = _sized(generator.dense_motion_network, [(SEEN, DEPTH)], size // 4, half=False)
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
