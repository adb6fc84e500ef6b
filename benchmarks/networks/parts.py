"""First Order Motion part by part, with drawn weights, by every way to run it on this processor."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from base.memory import peak_memory_mb
from fomm.blocks import QUARTER_KERNEL
from fomm.generator import Generator
from fomm.key_points import KeyPointDetector
from fomm.loading import Part, parts_of
from networks.running import Floats, Run, by_openvino, by_torch

WAYS: dict[str, Callable[[nn.Module, Part], Run]] = {
    "torch": lambda network, part: by_torch(network, "cpu"),
    "OpenVINO fp32": lambda network, part: by_openvino(network, part.examples),
    "OpenVINO bf16": lambda network, part: by_openvino(network, part.examples, half=True),
}


@dataclass(frozen=True)
class Cost:
    """Of one part, in processor seconds."""

    part: str
    way: str
    load: float
    frame: float
    error: float  # of its outputs from torch's, as a share of the largest number
    peak_mb: float  # of the whole process so far


def fomm_costs(repeats: int) -> Iterator[Cost]:
    """First Order Motion's, each by every way."""
    torch.manual_seed(1)
    detector, generator = KeyPointDetector().eval(), Generator().eval()
    for quarter in (detector.down, generator.dense_motion_network.down):
        quarter.get_buffer("weight").fill_(1 / QUARTER_KERNEL**2)
    for name, part in parts_of(detector, generator).items():
        network = part.network.requires_grad_(False)
        inputs = [np.random.default_rng(1).random(x.shape, np.float32) for x in part.examples]
        true = by_torch(network, "cpu")(*inputs)
        for way, build in WAYS.items():
            begun = time.process_time()
            run = build(network, part)
            load = time.process_time() - begun
            made = run(*inputs)
            begun = time.process_time()
            for _ in range(repeats):
                run(*inputs)
            frame = (time.process_time() - begun) / repeats
            yield Cost(name, way, load, frame, _error(made, true), peak_memory_mb())


def _error(made: tuple[Floats, ...], true: tuple[Floats, ...]) -> float:
    pairs = zip(made, true, strict=True)
    return max(float(np.abs(ours - theirs).max() / np.abs(theirs).max()) for ours, theirs in pairs)
