"""Diff2Lip's network, filled from the user's file, and run where it is fastest."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from base.errors import EngineError
from diff2lip.blocks import halve_convolutions
from diff2lip.framing import SIDE
from diff2lip.unet import BASE, EMBEDDING, NOISE, UNet
from networks.loading import filled
from networks.running import by_openvino, computes_in_bf16, run_errors
from tensors.files import CheckpointFormat, detect_format, read_tensors

TITLE = "Diff2Lip"
TRACED_SIDE = 32  # pixels: the network runs once where it is traced, and takes any size
HOW_TO_GET = "get Diff2Lip's checkpoint"

Evaluate = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Noisy pictures (n, 3, 128, 128), conditions (n, 128, 128, 128), embeddings (n, 512) -> noise
(n, 3, 128, 128) in float32."""


@dataclass(frozen=True, eq=False)
class Networks:
    """The network's parts, as they are run on one device."""

    style: Callable[[Tensor], Tensor]  # of mels
    time: Callable[[Tensor], Tensor]  # of steps
    condition: Callable[[Tensor, Tensor], Tensor]  # of hints and references
    evaluate: Evaluate
    device: str
    precision: str  # fp32, bf16 or fp16
    most: int | None = None  # frames at once; none: any number


def load_network(path: Path) -> UNet:
    """EngineError for a file that holds another network, or that cannot be read."""
    if detect_format(path, HOW_TO_GET) is CheckpointFormat.ONNX:
        raise EngineError(f"{path}: holds an ONNX network: Diff2Lip is run from its own weights")
    return filled(UNet, read_tensors(path, HOW_TO_GET), path, TITLE)


def on_gpu(unet: UNet, half: bool) -> Networks:
    """By torch, on "cuda"; with `half` convolutions compute in float16."""
    return by_torch(unet, "cuda", torch.float16 if half else torch.float32)


def by_torch(unet: UNet, device: str, kind: torch.dtype) -> Networks:
    with run_errors():
        halve_convolutions(unet, kind)
        unet.to(device)
        unet.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def evaluate(noisy: Tensor, condition: Tensor, embedding: Tensor) -> Tensor:
        out: Tensor = unet(noisy, condition, embedding)
        return out[:, :NOISE]

    precision = "fp32" if kind is torch.float32 else "fp16"
    return Networks(unet.style, unet.time, unet.condition, evaluate, device, precision)


def on_cpu(unet: UNet, half: bool) -> Networks:
    """By OpenVINO, in a fifth of torch's time; one frame at once, since more gain nothing.

    With `half` in bf16, where the processor has it. The network's large layers are given up.
    """
    examples = [np.zeros(shape, np.float32) for shape in _shapes(TRACED_SIDE)]
    run = by_openvino(unet, examples, half, _shapes(SIDE))
    for part in unet.input_blocks[1:], unet.middle_block, unet.output_blocks:
        part.to("meta")  # their weights live on in OpenVINO

    def evaluate(noisy: Tensor, condition: Tensor, embedding: Tensor) -> Tensor:
        (noise,) = run(*(part.numpy() for part in (noisy, condition, embedding)))
        return torch.from_numpy(noise[:, :NOISE])

    precision = "bf16" if half and computes_in_bf16() else "fp32"
    return Networks(unet.style, unet.time, unet.condition, evaluate, "cpu", precision, most=1)


def _shapes(side: int) -> list[tuple[int, ...]]:
    """Of the evaluated network's inputs."""
    return [(1, NOISE, side, side), (1, BASE, side, side), (1, EMBEDDING)]
