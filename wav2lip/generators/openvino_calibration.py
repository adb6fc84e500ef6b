"""How far features reach on examples, and what 8 bits lose there; kept in the cache."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from base.cache import mark_used, new_entry, remove, remove_oldest
from base.generator import Patches
from base.openvino import ops, ov
from wav2lip.generators.in_flight import AsyncEngine
from wav2lip.generators.openvino_graph import Arithmetic, Offset, network_graph
from wav2lip.generators.openvino_int8 import Quantized, Ranges, Tapped, shared_ranges
from wav2lip.generators.openvino_networks import FP32, capabilities, compiled, inside, piece_size
from wav2lip.generators.openvino_processing import add_processing
from wav2lip.generators.prepared import Examples, Scene
from wav2lip.generators.settings import EngineSettings
from wav2lip.layers import Weights

HEADROOM = 1.05  # of every range over what the examples reach
# Levels of 255 between 8 bits and fp32 that are borne, in the visible part of the examples.
MOST_MEAN, MOST_LARGEST = 1.0, 16.0
VERSION = "3"  # raise it when ranges or networks change: older entries are ignored then
MAX_ENTRIES = 100  # of 5 kB
CHUNK = 2**20  # bytes

Build = Callable[[Arithmetic], AsyncEngine[Any]]


@dataclass(frozen=True)
class Calibration:
    """Ranges of the features, and the difference of 8 bits from fp32 in levels of 255.

    It leans to one side: an offset that is added to each channel takes that away.
    """

    ranges: Ranges
    mean: float  # without the offset, as the largest
    largest: float
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)  # of B, G and R

    def levels(self) -> Offset:
        """The offset as the network takes it."""
        return np.array(self.offset, np.float32).reshape(1, 3, 1, 1)

    @property
    def is_good(self) -> bool:
        return self.mean <= MOST_MEAN and self.largest <= MOST_LARGEST


def calibrate(
    settings: EngineSettings, weights: Weights, scene: Scene, build: Build
) -> tuple[Calibration, AsyncEngine[Any] | None]:
    """Try 8 bits on the scene's examples; the engine is none where they are not good enough."""
    assert scene.examples is not None
    largest, exact = measure(settings, weights, scene)
    if not np.isfinite(list(largest.values())).all():
        return Calibration({}, np.inf, np.inf), None
    ranges = shared_ranges({name: HEADROOM * value for name, value in largest.items()})
    levels = np.zeros((1, 3, 1, 1), np.float32)
    engine = build(Quantized(weights, ranges, levels))
    part = inside(scene.visible)
    difference = computed(engine, scene.examples)[part].astype(np.int16) - exact[part]
    blue, green, red = (-difference.reshape(-1, 3).mean(0)).tolist()
    apart = np.abs(difference)
    calibration = Calibration(ranges, float(apart.mean()), float(apart.max()), (blue, green, red))
    levels[:] = calibration.levels()  # the engine's requests read it whenever they run
    return calibration, engine if calibration.is_good else None


def measure(
    settings: EngineSettings, weights: Weights, scene: Scene
) -> tuple[dict[str, float], Patches]:
    """The largest number of every tensor of features on the examples, and fp32's patches."""
    assert scene.examples is not None
    tapped = Tapped(weights)
    size = piece_size(settings.batch_size)
    model = add_processing(network_graph(tapped, scene.visible), size, scene.visible)
    model.add_outputs([_largest(node).output(0) for node in tapped.taps.values()])
    network = compiled(settings.weights, model, FP32, streams=1)
    request = network.create_infer_request()
    patches, maxima = scene.examples.faces.copy(), []
    rows, columns = scene.visible.slices
    for start in range(0, len(patches), size):
        frames = np.arange(start, start + size).clip(max=len(patches) - 1)
        request.infer({"mels": scene.examples.mels[frames], "faces": scene.examples.faces[frames]})
        outputs = [request.get_tensor(output).data for output in network.outputs]
        patches[frames, rows, columns] = outputs[0]
        maxima.append([float(value) for value in outputs[2:]])
    return dict(zip(tapped.taps, np.max(maxima, axis=0).tolist(), strict=True)), patches


def _largest(node: ov.Node) -> ov.Node:
    return ops.reduce_max(node, np.arange(4), False)


def computed(engine: AsyncEngine[Any], examples: Examples) -> Patches:
    """The patches that the engine makes of the examples."""
    pieces = [slice(i, i + engine.limit) for i in range(0, len(examples), engine.limit)]
    return np.concatenate(
        [engine.finish(engine.begin(examples.mels[p], examples.faces[p])) for p in pieces]
    )


def cache_entry(settings: EngineSettings, scene: Scene) -> Path | None:
    """The place of the calibration of this checkpoint on these examples; none without a cache."""
    if settings.cache is None:
        return None
    facts = [VERSION, ov.__version__, capabilities(), _digest(settings.weights)]
    facts += [piece_size(settings.batch_size), scene.key]
    key = blake2b(repr(facts).encode(), digest_size=16).hexdigest()
    return settings.cache / "ranges" / key


def _digest(checkpoint: Path) -> str:
    """Changes with the file: its size, its time, its first and last bytes.

    In a zip the last bytes change with any weight: the directory there holds every checksum.
    """
    facts = checkpoint.stat()
    digest = blake2b(f"{facts.st_size} {facts.st_mtime_ns}".encode(), digest_size=16)
    with checkpoint.open("rb") as file:
        digest.update(file.read(CHUNK))
        file.seek(max(facts.st_size - CHUNK, 0))
        digest.update(file.read())
    return digest.hexdigest()


def read(entry: Path) -> Calibration | None:
    """The calibration, or None; a damaged entry is removed."""
    try:
        facts = json.loads(entry.read_text("ascii"))
        ranges = {str(name): float(value) for name, value in facts["ranges"].items()}
        blue, green, red = map(float, facts["offset"])
        mean, largest = float(facts["mean"]), float(facts["largest"])
        calibration = Calibration(ranges, mean, largest, (blue, green, red))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        with suppress(OSError):
            remove(entry)
        return None
    mark_used(entry)
    return calibration


def write(calibration: Calibration, entry: Path) -> None:
    """Keep the calibration; a failure is ignored, since only the next start is slower for it."""
    with suppress(OSError, ValueError):  # ValueError: a folder name that no system allows
        with new_entry(entry) as path:
            path.write_text(json.dumps(asdict(calibration)), "ascii")
        remove_oldest(entry.parent, MAX_ENTRIES)
