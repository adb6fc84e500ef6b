"""The registry of engines by name. Each imports its heavy library only when it is prepared."""

import ctypes
import importlib.util
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from base.errors import EngineError, UsageError
from base.generator import Batch, Generator, Patches
from base.plugins import plugin_names
from wav2lip.generators.prepared import NetworkGenerator, PreparedEngine, Scene
from wav2lip.generators.settings import DEVICES, EngineSettings, required_checkpoint
from wav2lip.generators.strength import with_strength

__all__ = [
    "DEVICES",
    "DIFF2LIP",
    "FRAME_BY_FRAME",
    "GENERATORS",
    "NETWORKS",
    "NONE",
    "PREPARERS",
    "WITHOUT_NETWORK",
    "EngineSettings",
    "choose_engine",
    "computes_in_8_bits",
    "cuda_usable",
    "has_cuda_driver",
    "has_torch",
    "preparer",
    "scene_key",
]

DIFF2LIP = "diff2lip"  # an engine with weights of its own

Loader = Callable[..., Generator]  # from EngineSettings, and a Scene where one is known
Preparer = Callable[[EngineSettings], PreparedEngine]


def prepare_openvino(settings: EngineSettings) -> PreparedEngine:
    from wav2lip.generators.openvino_engine import prepare

    return _at_strength(prepare(settings), settings.strength)


def prepare_torch(settings: EngineSettings) -> PreparedEngine:
    from wav2lip.generators.torch_engine import prepare

    return _at_strength(prepare(settings), settings.strength)


def prepare_diff2lip(settings: EngineSettings) -> PreparedEngine:
    from wav2lip.generators.diff2lip_engine import prepare

    return _at_strength(prepare(settings), settings.strength)


def prepare_puppet(settings: EngineSettings) -> PreparedEngine:
    from puppet import load_puppet
    from puppet.visemes import prepare_visemes

    visemes = prepare_visemes(settings.visemes, settings.recognised)
    return PreparedEngine(lambda scene: load_puppet(settings.strength, visemes()))


def prepare_none(settings: EngineSettings) -> PreparedEngine:
    """The mouths stay as they are."""
    return PreparedEngine(lambda scene: _as_they_are)


def _as_they_are(batches: Iterable[Batch]) -> Iterator[Patches]:
    for batch in batches:
        yield batch.faces


def _at_strength(prepared: PreparedEngine, strength: float) -> PreparedEngine:
    """The same engine, whose generator follows the sound at this lip strength."""
    build = prepared.generator

    def generator(scene: Scene) -> Generator:
        built = build(scene.at_strength(strength))
        if isinstance(built, NetworkGenerator):
            return replace(built, generate=with_strength(built.generate, strength))
        return with_strength(built, strength)

    return replace(prepared, generator=generator)


def load_generator(
    prepare: Preparer, settings: EngineSettings, scene: Scene | None = None
) -> Generator:
    """Load the weights and build the generator, where no scene is named for the visible part."""
    return prepare(settings).generator(scene or Scene(settings.visible))


def scene_key(engine: str, scene: Scene) -> Hashable:
    """Equal for scenes that one generator of the engine serves."""
    return None if engine == DIFF2LIP else scene.key  # it makes whole patches for every scene


def preparer(engine: str) -> Preparer:
    """One of PREPARERS, or that of a plug-in."""
    if engine in PREPARERS:
        return PREPARERS[engine]
    from wav2lip.generators.plugin import prepare_plugin

    return partial(prepare_plugin, engine)


NONE = "none"  # of the engines: the lips of the source are kept
WITHOUT_NETWORK = ("puppet", NONE)  # they need no weights, and work on a mouth at its own size
PREPARERS: dict[str, Preparer] = {
    "openvino": prepare_openvino,
    "torch": prepare_torch,
    "puppet": prepare_puppet,
    DIFF2LIP: prepare_diff2lip,
    NONE: prepare_none,
}
GENERATORS: dict[str, Loader] = {
    name: partial(load_generator, prepare) for name, prepare in PREPARERS.items()
}
NETWORKS = ("openvino", "torch")  # that run Wav2Lip's weights
# Costly, and compute each frame by itself, so frames may be left out; the puppet needs them all.
FRAME_BY_FRAME = (*NETWORKS, DIFF2LIP)


def choose_engine(
    engine: str, device: str, checkpoint: Path | None, without_weights: str = "puppet"
) -> str:
    """The name in GENERATORS for the user's `engine`.

    "auto" takes the fastest that is usable, and where there are no weights `without_weights`.
    """
    known = ("auto", *GENERATORS, *plugin_names("generators"))
    if engine not in known:
        raise UsageError(f"engine {engine!r}: choose one of {', '.join(known)}")
    if engine == "openvino" and device == "cuda":
        raise UsageError("the openvino engine runs on the CPU: leave out --device cuda")
    if engine in NETWORKS:
        required_checkpoint(checkpoint)
    auto = engine == "auto"
    chosen = fastest_engine(device, checkpoint, without_weights) if auto else engine
    if chosen == DIFF2LIP:
        from networks.loading import require_torch

        require_torch(f"--engine {DIFF2LIP}")
    if chosen == "torch" and not has_torch():
        raise EngineError(
            f"--engine {engine} --device {device} needs torch: pip install -r"
            " requirements-torch.txt, or choose --device cpu with --engine auto"
        )
    return chosen


def fastest_engine(device: str, checkpoint: Path | None, without_weights: str) -> str:
    if checkpoint is None:
        return without_weights
    if device == "cuda":
        return "torch"
    if device == "cpu" or _is_onnx(checkpoint) or not cuda_usable():
        return "openvino"
    return "torch"


def computes_in_8_bits(engine: str, checkpoint: Path | None) -> bool:
    """Whether this engine can turn these weights into 8 bits."""
    if engine != "openvino" or checkpoint is None:
        return False
    return not _is_onnx(checkpoint)


def _is_onnx(checkpoint: Path) -> bool:
    from wav2lip.checkpoint import CheckpointFormat, detect_format

    return detect_format(checkpoint) is CheckpointFormat.ONNX


def cuda_usable() -> bool:
    """Whether torch can compute on a GPU here; torch is imported only if there is a driver."""
    if not (has_torch() and has_cuda_driver()):
        return False
    import torch

    return torch.cuda.is_available()


def has_torch() -> bool:
    """Whether torch is installed; it is not imported."""
    return importlib.util.find_spec("torch") is not None


def has_cuda_driver() -> bool:
    for name in ("libcuda.so.1", "nvcuda.dll"):
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False
