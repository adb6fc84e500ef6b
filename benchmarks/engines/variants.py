"""The variants of running the network that this machine can measure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from base.generator import WHOLE_PATCH, Batch, Generator, Patches
from base.geometry import Rect
from benchmarks.speed import plain
from wav2lip.generators import DIFF2LIP, GENERATORS, EngineSettings, cuda_usable

PLAIN = "plain"  # as the original runs it: float32 by torch, nothing folded
PUPPET = "puppet"
CPU_BATCHES, GPU_BATCHES = (1, 4, 8, 16, 32), (1, 8, 32, 128)
WHOLE = "whole"
PARTIAL = ("openvino",)  # engines that decode only the visible part

Loader = Callable[[EngineSettings], Generator]


def load_plain(settings: EngineSettings) -> Generator:
    """The network as the plain program runs it, as a generator like the engines."""
    network = plain.load_on_device(settings.weights, settings.device)

    def generate(batches: Iterable[Batch]) -> Iterator[Patches]:
        return (plain.forward(network, batch.mels, batch.faces) for batch in batches)

    return generate


ENGINES: dict[str, Loader] = {
    PLAIN: load_plain,
    **{name: load for name, load in GENERATORS.items() if name != DIFF2LIP},  # larger faces
}


@dataclass(frozen=True)
class Variant:
    """An engine, and how it is run."""

    engine: str
    device: str  # "cpu" or "cuda"
    half: bool
    part: str  # name of the decoded part
    batch: int

    def settings(self, checkpoint: Path, parts: Mapping[str, Rect]) -> EngineSettings:
        weights = None if self.engine == PUPPET else checkpoint
        visible = parts.get(self.part, WHOLE_PATCH)
        return EngineSettings(weights, self.device, self.half, self.batch, visible)

    def load(self, settings: EngineSettings) -> Generator:
        return ENGINES[self.engine](settings)


def all_variants(device: str, parts: Sequence[str], batches: Sequence[int] | None) -> list[Variant]:
    """All variants that this device can run; "auto" is every device of the machine."""
    return [variant for name in devices(device) for variant in _on_device(name, parts, batches)]


def devices(choice: str) -> list[str]:
    """The devices that a --device flag stands for."""
    usable = ["cpu", "cuda"] if choice == "cuda" or cuda_usable() else ["cpu"]
    return [name for name in usable if choice in ("auto", name)]


def _on_device(device: str, parts: Sequence[str], batches: Sequence[int] | None) -> list[Variant]:
    sizes = batches or (GPU_BATCHES if device == "cuda" else CPU_BATCHES)
    return [
        Variant(engine, device, half, part, size)
        for engine in ENGINES
        if runs_on(engine, device)
        for half in precisions(engine)
        for part in (parts if engine in PARTIAL else parts[:1])
        for size in sizes
    ]


def runs_on(engine: str, device: str) -> bool:
    return device == "cpu" or engine in (PLAIN, "torch")


def precisions(engine: str) -> tuple[bool, ...]:
    """The values of --fp16 to measure; some engines have one precision only."""
    return (False,) if engine in (PLAIN, PUPPET) else (False, True)
