"""Ways to make a mouth, by name. Each imports its heavy library when it is called."""

import ctypes
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from base.errors import UsageError
from wav2lip.checkpoint import Kind, kind_of
from wav2lip.generators.batch import Generator
from wav2lip.generators.prepared import Prepared
from wav2lip.generators.settings import DEVICES, EngineSettings, required
from wav2lip.generators.strength import following

__all__ = [
    "DEVICES",
    "GENERATORS",
    "NETWORKS",
    "PREPARERS",
    "EngineSettings",
    "choose",
    "cuda_usable",
]

Loader = Callable[[EngineSettings], Generator]
Preparer = Callable[[EngineSettings], Prepared]


def prepare_openvino(settings: EngineSettings) -> Prepared:
    from wav2lip.generators.openvino_engine import prepare

    return _heard(prepare(settings), settings.strength)


def prepare_torch(settings: EngineSettings) -> Prepared:
    from wav2lip.generators.torch_engine import prepare

    return _heard(prepare(settings), settings.strength)


def prepare_puppet(settings: EngineSettings) -> Prepared:
    from wav2lip.generators.puppet import load

    return Prepared(lambda shown: load(shown, settings.strength))


def _heard(prepared: Prepared, strength: float) -> Prepared:
    """The engine, its sound at this strength."""
    made = prepared.generator
    return replace(prepared, generator=lambda shown: following(made(shown), strength))


def at_once(prepare: Preparer, settings: EngineSettings) -> Generator:
    """Both steps together, where what shows is known."""
    return prepare(settings).generator(settings.shown)


PREPARERS: dict[str, Preparer] = {
    "openvino": prepare_openvino,
    "torch": prepare_torch,
    "puppet": prepare_puppet,
}
GENERATORS: dict[str, Loader] = {name: partial(at_once, way) for name, way in PREPARERS.items()}
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
