"""Ways to make a mouth: name -> loader. A loader imports its heavy library when it is called."""

import ctypes
from collections.abc import Callable
from pathlib import Path

from errors import UsageError
from wav2lip.checkpoint import Kind, kind_of
from wav2lip.generators.batch import Generator
from wav2lip.generators.settings import DEVICES, EngineSettings, required
from wav2lip.generators.strength import following

__all__ = ["DEVICES", "GENERATORS", "NETWORKS", "EngineSettings", "choose", "cuda_usable"]

Loader = Callable[[EngineSettings], Generator]


def load_openvino(settings: EngineSettings) -> Generator:
    from wav2lip.generators.openvino_engine import load

    return following(load(settings), settings.strength)


def load_torch(settings: EngineSettings) -> Generator:
    from wav2lip.generators.torch_engine import load

    return following(load(settings), settings.strength)


def load_puppet(settings: EngineSettings) -> Generator:
    from wav2lip.generators.puppet import load

    return load(settings)


GENERATORS: dict[str, Loader] = {
    "openvino": load_openvino,
    "torch": load_torch,
    "puppet": load_puppet,
}
NETWORKS = ("openvino", "torch")  # each frame by itself, and dear; the puppet's motion goes on


def choose(engine: str, device: str, checkpoint: Path | None) -> str:
    """The name in GENERATORS for what was asked; "auto" takes the fastest that is usable."""
    if engine not in ("auto", *GENERATORS):
        raise UsageError(f"engine {engine!r}: choose one of auto, {', '.join(GENERATORS)}")
    if engine == "openvino" and device == "cuda":
        raise UsageError("the openvino engine runs on the CPU: leave out --device cuda")
    if engine in NETWORKS:
        required(checkpoint)
    return automatic(device, checkpoint) if engine == "auto" else engine


def automatic(device: str, checkpoint: Path | None) -> str:
    if checkpoint is None:
        return "puppet"
    if device == "cuda":
        return "torch"
    if device == "cpu" or kind_of(checkpoint) is Kind.ONNX or not cuda_usable():
        return "openvino"
    return "torch"


def cuda_usable() -> bool:
    """Whether torch can compute on a GPU here; torch is asked only where there is a driver."""
    if not has_driver():
        return False
    import torch

    return torch.cuda.is_available()


def has_driver() -> bool:
    for name in ("libcuda.so.1", "nvcuda.dll"):
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False
