"""Diff2Lip's network as an engine: its frames are computed in halves where memory runs out."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from base.generator import Patches
from diff2lip.networks import load_network, on_cpu, on_gpu
from diff2lip.painter import Painter
from diff2lip.schedule import Schedule
from diff2lip.unet import UNet
from networks.running import choose_device
from wav2lip.generators.in_flight import generate
from wav2lip.generators.prepared import NetworkGenerator, PreparedEngine, Scene
from wav2lip.generators.settings import EngineSettings
from wav2lip.generators.torch_engine import NO_HALF


class PainterEngine:
    """Paints in `begin`."""

    depth = 1

    def __init__(self, painter: Painter, limit: int) -> None:
        self.limit = limit
        self._painter = painter

    def begin(self, mels: NDArray[np.float32], faces: Patches) -> Patches:
        return self._painter(mels, faces)

    def finish(self, patches: Patches) -> Patches:
        return patches

    def drop(self, patches: Patches) -> None:
        pass

    def release(self) -> None:
        self._painter.release()


def prepare(settings: EngineSettings) -> PreparedEngine:
    """Read the network; it is compiled where the generator is built, alike for every scene."""
    device = choose_device(settings.device)
    unet = load_network(settings.weights)
    return PreparedEngine(partial(build_generator, unet, device, settings))


def build_generator(
    unet: UNet, device: str, settings: EngineSettings, scene: Scene
) -> NetworkGenerator:
    networks = (on_gpu if device == "cuda" else on_cpu)(unet, settings.half)
    schedule = Schedule.of(settings.steps)
    painter = Painter(networks, schedule, settings.seed, _overflow_message(settings))
    engine = PainterEngine(painter, min(settings.batch_size, networks.most or settings.batch_size))
    notices = (NO_HALF,) if settings.half and networks.precision == "fp32" else ()
    return NetworkGenerator(partial(generate, engine), networks.precision, notices, painter.steps)


def _overflow_message(settings: EngineSettings) -> str:
    end = " in half precision; run without --fp16" if settings.half else "; get the file again"
    return f"{settings.weights}: the network's output is no number: its weights overflow{end}"
