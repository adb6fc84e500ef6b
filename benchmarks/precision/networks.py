"""The network alone in every precision: milliseconds a frame, and the distance from fp32."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from base.generator import Batch, Patches
from base.geometry import Rect
from benchmarks.engines.frames import select_frames
from wav2lip.checkpoint import load_weights
from wav2lip.folding import fold_norms
from wav2lip.generators.openvino_engine import build_generator
from wav2lip.generators.openvino_networks import MAX_PIECE, inside
from wav2lip.generators.prepared import Examples, NetworkGenerator, Scene
from wav2lip.generators.settings import EngineSettings

# By the flag that asks for it; the first is what the others are compared with.
PRECISIONS = {"fp32": (), "bf16": ("--fp16",), "int8": ("--int8",)}
EXAMPLES = 8  # frames on which 8 bits are tried; others are compared
TURNS = 60


@dataclass(frozen=True)
class NetworkFigures:
    """What the network alone does in the precision that was asked for."""

    used: str  # which was it in the end
    ms: float  # a frame, one stream, the least of all turns
    largest: float  # levels of 255 from fp32
    mean: float
    notices: tuple[str, ...]


def measure_networks(
    checkpoint: Path, cache: Path, batch: Batch, visible: Rect, still: bool, turns: int
) -> dict[str, NetworkFigures]:
    """Every precision on the same frames, in turns; the first frames are 8 bits' examples."""
    tried = np.linspace(0, len(batch) // 2 - 1, EXAMPLES).astype(int)
    compared = np.arange(len(batch) // 2, len(batch)) if not still else tried
    if still:
        batch = Batch(batch.mels, np.repeat(batch.faces[:1], len(batch), 0), batch.landmarks)
    scene = Scene(visible, still, Examples(batch.mels[tried], batch.faces[tried]))
    generators = {
        name: _generator(
            EngineSettings(checkpoint, "cpu", name == "bf16", cache=cache, int8=name == "int8"),
            scene,
        )
        for name in PRECISIONS
    }
    frames = select_frames(batch, compared)
    part = inside(visible)
    patches = {name: _patches(made, frames)[part] for name, made in generators.items()}
    times = least_times(generators, select_frames(batch, np.arange(MAX_PIECE)), turns)
    exact = patches["fp32"].astype(int)
    return {
        name: NetworkFigures(
            made.precision,
            times[name],
            float(np.abs(patches[name] - exact).max()),
            float(np.abs(patches[name] - exact).mean()),
            made.notices,
        )
        for name, made in generators.items()
    }


def _generator(settings: EngineSettings, scene: Scene) -> NetworkGenerator:
    weights = fold_norms(load_weights(settings.weights))
    return build_generator(settings, weights, scene, streams=1)


def _patches(generator: NetworkGenerator, batch: Batch) -> Patches:
    return np.concatenate(list(generator([batch])))


def least_times(
    generators: Mapping[str, NetworkGenerator], piece: Batch, turns: int
) -> dict[str, float]:
    """Milliseconds a frame of each, the least of so many turns that alternate."""
    times: dict[str, list[float]] = {name: [] for name in generators}
    for _ in range(turns):
        for name, generator in generators.items():
            since = time.perf_counter()
            _patches(generator, piece)
            times[name].append(1e3 * (time.perf_counter() - since) / len(piece))
    return {name: min(measured) for name, measured in times.items()}
