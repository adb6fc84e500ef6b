"""First Order Motion's networks, filled from the user's file."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from torch import nn

from fomm.generator import FrameMotion, FramePainter, Generator, SourceEncoder
from fomm.key_points import KeyPointDetector
from fomm.motion import POINTS, Floats
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

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True, eq=False)
class Part:
    """A network that is run by itself, and inputs of its shapes."""

    network: nn.Module
    examples: tuple[Floats, ...]

    @classmethod
    def of(cls, network: nn.Module, *shapes: tuple[int, ...]) -> "Part":
        return cls(network, tuple(np.zeros(shape, np.float32) for shape in shapes))


def load_parts(path: Path) -> tuple[KeyPointDetector, Generator]:
    """The networks in torch; EngineError, in a line, for what is damaged or does not fit."""
    tensors = read_tensors(path, WAY_OUT)

    def part(build: Callable[[], Network], name: str) -> Network:
        return filled(build, part_of(tensors, f"{name}."), path, f"{TITLE} ({name})")

    return part(KeyPointDetector, "kp_detector"), part(Generator, "generator")


def parts_of(detector: KeyPointDetector, generator: Generator) -> dict[str, Part]:
    """By their names in `Networks`; no two share a weight that either changes."""
    points = PLACES, JACOBIANS, PLACES, JACOBIANS
    return {
        "detector": Part.of(detector, PICTURE),
        "encoder": Part.of(SourceEncoder(generator), PICTURE),
        "motion": Part.of(FrameMotion(generator), QUARTER, *points),
        "painter": Part.of(FramePainter(generator), FEATURES, DEFORMATION, OCCLUSION),
    }


def load_runs(path: Path, device: str, half: bool) -> dict[str, Run]:
    """The networks by their names in `Networks`, ready to run.

    Only the painter is halved: places of half the precision would tremble by pixels.
    """
    chosen = choose_device(device)
    return {
        name: _run(part, chosen, half and name == "painter", once=name == "encoder")
        for name, part in parts_of(*load_parts(path)).items()
    }


def _run(part: Part, device: str, half: bool, once: bool) -> Run:
    """By OpenVINO on a CPU, which needs time to compile what runs more than once."""
    if once or device != "cpu":
        return by_torch(part.network, device, half)
    return by_openvino(part.network, part.examples, half)
