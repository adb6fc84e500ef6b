"""What known architectures cost on this processor, at their real sizes, with drawn weights."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from base.memory import peak_memory_mb
from stages.alignment import SIDE
from stages.network_upscale import AROUND, TILE
from stages.networks import ImageNetworkFile, Size
from stages.tiles import tiles
from stages.torch_networks import compute_of, import_spandrel, on_cpu


@dataclass(frozen=True)
class Architecture:
    """One as its weights are published, and the pictures that it gets."""

    state: Callable[[], Any]
    size: Size
    measured: Size  # the same, or less where the time grows with the pixels


@dataclass(frozen=True)
class Cost:
    """Of a frame of SIDE x SIDE pixels, in processor seconds."""

    architecture: str
    precision: str
    pictures: int  # tiles of a frame
    load: float
    frame: float
    peak_mb: float
    error: float  # from torch's float32, in 0..1


def gfpgan() -> Any:  # noqa: ANN401
    from spandrel.architectures.GFPGAN import GFPGAN  # type: ignore[import-untyped]

    sizes = {"out_size": SIDE, "num_style_feat": 512, "channel_multiplier": 2, "num_mlp": 8}
    return GFPGAN(**sizes, input_is_latent=True, different_w=True, sft_half=True).state_dict()


def restoreformer() -> Any:  # noqa: ANN401
    from spandrel.architectures.RestoreFormer import (  # type: ignore[import-untyped]
        RestoreFormer,
    )

    return RestoreFormer().state_dict()


def real_esrgan() -> Any:  # noqa: ANN401
    from spandrel.architectures.ESRGAN import ESRGAN  # type: ignore[import-untyped]

    return ESRGAN(num_filters=64, num_blocks=23, scale=4).state_dict()


def compact() -> Any:  # noqa: ANN401
    from spandrel.architectures.Compact import Compact  # type: ignore[import-untyped]

    return Compact(num_feat=64, num_conv=32, upscale=4).state_dict()


ARCHITECTURES: dict[str, Architecture] = {
    "GFPGAN": Architecture(gfpgan, (SIDE, SIDE), (SIDE, SIDE)),
    "RestoreFormer": Architecture(restoreformer, (SIDE, SIDE), (SIDE, SIDE)),
    "ESRGAN": Architecture(real_esrgan, (TILE, TILE), (96, 96)),
    "compact": Architecture(compact, (TILE, TILE), (TILE, TILE)),
}


def cost_of(name: str, half: bool) -> Cost:
    """Load it as a run does, though not from a file, and make one frame."""
    import torch

    torch.manual_seed(1)  # its weights are drawn
    architecture = ARCHITECTURES[name]
    spandrel = import_spandrel()
    descriptor = spandrel.ModelLoader().load_from_state_dict(architecture.state())
    descriptor.eval().model.requires_grad_(False)
    width, height = architecture.measured
    file = ImageNetworkFile(Path(name), (width, height), half=half)
    start = time.process_time()
    run = on_cpu(file, descriptor)
    load = time.process_time() - start
    picture = np.random.default_rng(1).random((1, 3, height, width), np.float32)
    run(picture)
    start = time.process_time()
    made = run(picture)
    seconds = time.process_time() - start
    with torch.inference_mode():
        true = compute_of(descriptor)(torch.from_numpy(picture)).numpy()
    count = len(list(tiles((SIDE, SIDE), architecture.size, AROUND)))
    larger = math.prod(architecture.size) / (width * height)
    error = float(np.abs(made.clip(0, 1) - true.clip(0, 1)).max())
    precision = "bf16" if half else "fp32"
    return Cost(name, precision, count, load, count * larger * seconds, peak_memory_mb(), error)
