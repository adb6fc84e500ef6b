"""SadTalker's networks, filled from the user's files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from torch import nn

from networks.loading import filled, part_of
from networks.running import Run, by_torch, choose_device
from sadtalker.expression import ExpressionNetwork
from sadtalker.files import CROP, FULL, mapping_file, network_file
from sadtalker.generator import Generator, SourceEncoder
from sadtalker.key_points import KeyPointDetector
from sadtalker.mapping import MappingNetwork
from sadtalker.pose import PoseNetwork
from sadtalker.reconstruction import Reconstruction
from sadtalker.running import by_parts, on_gpu
from sadtalker.spade import fold_spectral_norms
from tensors.files import read_tensors
from tensors.numbers import Tensor

WAY_OUT = "download it"
TRAINING = ("netG.encoder.", "netD_motion.")  # of the pose network, beside what makes poses
Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True, eq=False)
class Parts:
    """The networks in torch, filled."""

    reconstruction: Reconstruction
    expression: ExpressionNetwork
    pose: PoseNetwork
    key_points: KeyPointDetector
    mapping: MappingNetwork
    generator: Generator


def load_parts(folder: Path, size: int, full: bool) -> Parts:
    """EngineError, in a line, for files that are missing, damaged or of other networks."""
    coefficients = FULL if full else CROP
    path, mapping_path = network_file(folder, size), mapping_file(folder, coefficients)
    tensors = read_tensors(path, WAY_OUT)
    mapping = part_of(read_tensors(mapping_path, WAY_OUT), "mapping.")
    return Parts(
        reconstruction=fill_part(Reconstruction, tensors, "face_3drecon", path),
        expression=fill_part(ExpressionNetwork, tensors, "audio2exp", path),
        pose=fill_part(PoseNetwork, tensors, "audio2pose", path),
        key_points=fill_part(KeyPointDetector, tensors, "kp_extractor", path),
        mapping=filled(
            lambda: MappingNetwork(coefficients),
            mapping,
            mapping_path,
            f"SadTalker mapping of {coefficients} coefficients",
        ),
        generator=fill_part(Generator, tensors, "generator", path),
    )


def load_runs(folder: Path, size: int, full: bool, device: str, half: bool) -> dict[str, Run]:
    """The networks by their names in `Networks`, ready to run."""
    chosen = choose_device(device)
    parts = load_parts(folder, size, full)
    fold_spectral_norms(parts.generator)
    small: dict[str, nn.Module] = {
        "reconstruction": parts.reconstruction,
        "expression": parts.expression,
        "pose": parts.pose,
        "key_points": parts.key_points,
        "mapping": parts.mapping,
        "encoder": SourceEncoder(parts.generator),
    }
    runs = {name: by_torch(network, chosen) for name, network in small.items()}
    if chosen == "cuda":
        return {**runs, "generator": on_gpu(parts.generator, half)}
    return {**runs, "generator": by_parts(parts.generator, size, half)}


def fill_part(
    build: Callable[[], Network], tensors: Mapping[str, Tensor], name: str, path: Path
) -> Network:
    """The network by its name in the file."""
    part = part_of(tensors, f"{name}.")
    kept = {name: tensor for name, tensor in part.items() if not name.startswith(TRAINING)}
    return filled(build, kept, path, f"SadTalker ({name})")
