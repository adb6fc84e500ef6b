"""First Order Motion's networks, filled from the user's file."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from torch import nn

from fomm.generator import FrameMotion, FramePainter, Generator, SourceEncoder
from fomm.key_points import KeyPointDetector
from fomm.motion import POINTS
from fomm.square import SIDE
from networks.loading import filled, part_of
from networks.running import Run, by_openvino, by_torch, choose_device
from tensors.files import read_tensors

WAY_OUT = "download it"
TITLE = "First Order Motion Model"
SMALL = SIDE // 4  # pixels of the maps of motion
PICTURE, QUARTER = (1, 3, SIDE, SIDE), (1, 3, SMALL, SMALL)
PLACES, JACOBIANS = (1, POINTS, 2), (1, POINTS, 2, 2)
FEATURES, DEFORMATION, OCCLUSION = (
    (1, 256, SMALL, SMALL),
    (1, SMALL, SMALL, 2),
    (1, 1, SMALL, SMALL),
)

Shapes = tuple[tuple[int, ...], ...]
Network = TypeVar("Network", bound=nn.Module)


def load_parts(path: Path) -> tuple[KeyPointDetector, Generator]:
    """The networks in torch; EngineError, in a line, for what is damaged or does not fit."""
    tensors = read_tensors(path, WAY_OUT)

    def part(build: Callable[[], Network], name: str) -> Network:
        return filled(build, part_of(tensors, f"{name}."), path, f"{TITLE} ({name})")

    return part(KeyPointDetector, "kp_detector"), part(Generator, "generator")


def load_runs(path: Path, device: str, half: bool) -> dict[str, Run]:
    """The networks by their names in `Networks`, ready to run.

    Places keep their precision: at half of it, points would tremble by pixels.
    """
    chosen = choose_device(device)
    detector, generator = load_parts(path)

    def run(network: nn.Module, shapes: Shapes, halved: bool = False) -> Run:
        if chosen != "cpu":
            return by_torch(network, chosen, halved)
        return by_openvino(network, [np.zeros(shape, np.float32) for shape in shapes], halved)

    return {
        "detector": run(detector, (PICTURE,)),
        "encoder": by_torch(SourceEncoder(generator), chosen),  # runs once
        "motion": run(FrameMotion(generator), (QUARTER, PLACES, JACOBIANS, PLACES, JACOBIANS)),
        "painter": run(FramePainter(generator), (FEATURES, DEFORMATION, OCCLUSION), half),
    }
