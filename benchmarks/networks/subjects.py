"""The networks with made weights: their pictures are noise, but cost what pictures cost."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.material.weights import make_weights

Frame = Callable[[], object]  # makes one frame
RANDOM = 7


def subjects(folder: Path) -> Mapping[str, Callable[[str, bool], Frame]]:
    """Each network by its name: from a device, and whether in half precision, to its frames."""
    return {
        "SadTalker 256": lambda device, half: sadtalker(folder, 256, device, half),
        "SadTalker 512": lambda device, half: sadtalker(folder, 512, device, half),
        "First Order Motion": lambda device, half: first_order_motion(folder, device, half),
        "Diff2Lip, a step": lambda device, half: diff2lip(folder, device, half),
    }


def sadtalker(folder: Path, size: int, device: str, half: bool) -> Frame:
    from sadtalker.networks import load_networks

    networks = load_networks(_sadtalker_files(folder, size), size, True, device, half)
    features = networks.source_features(picture(size))
    own, wanted = _points(15, 3), _points(15, 3, 1)[None]
    return lambda: networks.picture(features, own, wanted)


def first_order_motion(folder: Path, device: str, half: bool) -> Frame:
    from fomm.generator import Generator
    from fomm.key_points import KeyPointDetector
    from fomm.networks import load_networks
    from networks.loading import shapes_of

    path = folder / "first_order_motion.safetensors"
    if not path.exists():
        parts = {"generator": Generator, "kp_detector": KeyPointDetector}
        make_weights(path, _named({name: shapes_of(part) for name, part in parts.items()}))
    networks = load_networks(path, device, half)
    photo = np.asarray(picture(256) * 255, np.uint8)
    source = networks.source(photo)
    return lambda: networks.picture(source, networks.key_points(photo))


def diff2lip(folder: Path, device: str, half: bool) -> Frame:
    """One of the steps that a frame takes, 25 unless the user says otherwise."""
    from diff2lip.networks import load_network, on_cpu, on_gpu
    from diff2lip.painter import Painter
    from diff2lip.schedule import Schedule
    from diff2lip.unet import UNet
    from networks.loading import shapes_of

    path = folder / "diff2lip.safetensors"
    if not path.exists():
        make_weights(path, shapes_of(UNet))
    networks = (on_gpu if device == "cuda" else on_cpu)(load_network(path), half)
    painter = Painter(networks, Schedule.of(1), RANDOM, "")
    faces = np.asarray(picture(128)[None] * 255, np.uint8)
    mels = np.zeros((1, 80, 16), np.float32)
    return lambda: painter(mels, faces)


def picture(side: int) -> NDArray[np.float32]:
    """(side, side, 3) in 0..1."""
    return np.random.default_rng(RANDOM).random((side, side, 3), np.float32)


def _points(count: int, axes: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (count, axes)).astype(np.float32)


def _sadtalker_files(folder: Path, size: int) -> Path:
    """Both files, made once; 256 and 512 pixels have the same weights."""
    from networks.loading import shapes_of
    from sadtalker.expression import ExpressionNetwork
    from sadtalker.files import FULL, MAPPINGS
    from sadtalker.generator import Generator
    from sadtalker.key_points import KeyPointDetector
    from sadtalker.mapping import MappingNetwork
    from sadtalker.pose import PoseNetwork
    from sadtalker.reconstruction import Reconstruction

    made = folder / "SadTalker_V0.0.2_256.safetensors"
    if not made.exists():
        parts = {
            "face_3drecon": Reconstruction,
            "audio2exp": ExpressionNetwork,
            "audio2pose": PoseNetwork,
            "kp_extractor": KeyPointDetector,
            "generator": Generator,
        }
        make_weights(made, _named({name: shapes_of(part) for name, part in parts.items()}))
        mapping = shapes_of(lambda: MappingNetwork(FULL))
        make_weights(folder / MAPPINGS[FULL], _named({"mapping": mapping}))
    named = folder / f"SadTalker_V0.0.2_{size}.safetensors"
    if not named.exists():
        named.symlink_to(made)
    return folder


def _named(parts: Mapping[str, Mapping[str, tuple[int, ...]]]) -> dict[str, tuple[int, ...]]:
    """All tensors by the names that they have in one file."""
    return {f"{part}.{name}": shape for part in parts for name, shape in parts[part].items()}
