"""The ways to run the network here."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from base.geometry import Rect
from benchmarks.speed import plain
from wav2lip.generators import GENERATORS, EngineSettings, cuda_usable
from wav2lip.generators.batch import WHOLE as WHOLE_PATCH
from wav2lip.generators.batch import Batch, Generator, Patches

PLAIN = "plain"  # as the original runs it: float32 by torch, nothing folded
PUPPET = "puppet"
CPU_BATCHES, GPU_BATCHES = (1, 4, 8, 16, 32), (1, 8, 32, 128)
WHOLE = "whole"
PARTED = ("openvino",)  # the engines that decode less where less is shown

Loader = Callable[[EngineSettings], Generator]


def load_plain(settings: EngineSettings) -> Generator:
    """The network of the plain way, given what the engines are given."""
    network = plain.loaded(settings.weights, settings.device)

    def generate(batches: Iterable[Batch]) -> Iterator[Patches]:
        return (plain.forward(network, batch.mels, batch.faces) for batch in batches)

    return generate


ENGINES: dict[str, Loader] = {PLAIN: load_plain, **GENERATORS}


@dataclass(frozen=True)
class Way:
    engine: str
    device: str  # "cpu" or "cuda"
    half: bool
    part: str  # name of the decoded part
    batch: int

    def settings(self, checkpoint: Path, cache: Path, parts: Mapping[str, Rect]) -> EngineSettings:
        weights = None if self.engine == PUPPET else checkpoint
        shown = parts.get(self.part, WHOLE_PATCH)
        return EngineSettings(weights, self.device, self.half, self.batch, cache, shown)

    def load(self, settings: EngineSettings) -> Generator:
        return ENGINES[self.engine](settings)


def ways(device: str, parts: Sequence[str], batches: Sequence[int] | None) -> list[Way]:
    """All that can run here on this device; "auto" is all devices there are."""
    return [way for name in devices(device) for way in _on(name, parts, batches)]


def devices(asked: str) -> list[str]:
    usable = ["cpu", "cuda"] if asked == "cuda" or cuda_usable() else ["cpu"]
    return [name for name in usable if asked in ("auto", name)]


def _on(device: str, parts: Sequence[str], batches: Sequence[int] | None) -> list[Way]:
    sizes = batches or (GPU_BATCHES if device == "cuda" else CPU_BATCHES)
    return [
        Way(engine, device, half, part, size)
        for engine in ENGINES
        if runs_on(engine, device)
        for half in halves(engine)
        for part in (parts if engine in PARTED else parts[:1])
        for size in sizes
    ]


def runs_on(engine: str, device: str) -> bool:
    return device == "cpu" or engine in (PLAIN, "torch")


def halves(engine: str) -> tuple[bool, ...]:
    """Whether --fp16 is given; it means nothing to those that have one precision."""
    return (False,) if engine in (PLAIN, PUPPET) else (False, True)
