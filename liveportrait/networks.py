"""LivePortrait's networks, found in the user's folder, checked, and run by OpenVINO.

Two conversions to ONNX are known, that of FasterLivePortrait and that of FaceFusion. They differ in
names, in how angles are given, and in whether the stitching network adds what it corrects.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from base.errors import EngineError
from base.network_file import NetworkFile, RunningNetwork, read_network
from liveportrait import volumes
from liveportrait.geometry import POINTS, Head, degrees_of, rotation_of

Floats = NDArray[np.float32]
Picture = NDArray[np.float32]  # (1, 3, side, side) RGB in 0..1

SEEN_SIDE = 256  # pixels of the pictures that go in
NUMBERS = POINTS * 3
FILES = {  # each network's names, in the folder
    "appearance": ("appearance_feature_extractor.onnx", "live_portrait_feature_extractor.onnx"),
    "motion": ("motion_extractor.onnx", "live_portrait_motion_extractor.onnx"),
    "generator": ("warping_spade.onnx", "live_portrait_generator.onnx"),
    "stitching": ("stitching.onnx", "live_portrait_stitcher.onnx"),
}
WANTED_POINTS, OWN_POINTS = ("kp_driving", "source"), ("kp_source", "target")
OTHER = "is none of LivePortrait's networks as ONNX"


@dataclass(frozen=True, eq=False)
class Networks:
    """The four networks, ready to run."""

    appearance: RunningNetwork
    motion: RunningNetwork
    generator: RunningNetwork
    stitching: RunningNetwork

    def features(self, picture: Picture) -> Floats:
        """The volume that the generator moves."""
        return self.appearance(picture)[0]

    def head(self, picture: Picture) -> Head:
        return _head(self.motion.file, self.motion(picture))

    def stitched(self, own: Floats, wanted: Floats) -> Floats:
        """The wanted points, corrected so that the neck and the border stay."""
        if len(self.stitching.file.model.inputs) == 1:
            both = np.concatenate([own.ravel(), wanted.ravel()])[None]
            change = self.stitching(both)[0].ravel()
            moved = wanted + change[:NUMBERS].reshape(POINTS, 3)
            moved[:, :2] += change[NUMBERS:]
            return moved
        inputs = {"wanted": wanted[None], "own": own[None]}
        order = _order(self.stitching.file, ("wanted", "own"))
        return self.stitching(*(inputs[name] for name in order))[0].reshape(POINTS, 3)

    def picture(self, features: Floats, own: Floats, wanted: Floats) -> Picture:
        """The picture whose features they are, its points moved from `own` to `wanted`."""
        inputs = {"features": features, "wanted": wanted[None], "own": own[None]}
        order = _order(self.generator.file, ("features", "wanted", "own"))
        made = self.generator(*(inputs[name] for name in order))[0]
        return np.asarray(made.clip(0, 1), np.float32)


def load_networks(folder: Path) -> Networks:
    """Find, compile and try them; EngineError, in a line, for what is missing or another."""
    if not folder.is_dir():
        raise EngineError(f"{folder}: no folder with LivePortrait's networks; check the name")
    files = {name: _read(folder, names) for name, names in FILES.items()}
    picture = [1, 3, SEEN_SIDE, SEEN_SIDE]
    for name in ("appearance", "motion"):
        _fit(files[name], [picture])
    _fit_stitching(files["stitching"])
    _fit_generator(files["generator"], files["appearance"])
    networks = Networks(**{name: file.compiled() for name, file in files.items()})
    _try(networks)
    return networks


def _read(folder: Path, names: Sequence[str]) -> NetworkFile:
    paths = [folder / name for name in names if (folder / name).is_file()]
    if not paths:
        raise EngineError(f"{folder}: holds no {' or '.join(names)}; --animate needs it")
    return read_network(paths[0], volumes.read_network)


def _fit(file: NetworkFile, shapes: Sequence[list[int]]) -> None:
    if len(file.model.inputs) != len(shapes):
        raise file.error(f"{OTHER}: it has {len(file.model.inputs)} inputs, not {len(shapes)}")
    file.reshape(dict(enumerate(shapes)))


def _fit_stitching(file: NetworkFile) -> None:
    one = len(file.model.inputs) == 1
    _fit(file, [[1, 2 * NUMBERS]] if one else [[1, POINTS, 3]] * 2)


def _fit_generator(file: NetworkFile, appearance: NetworkFile) -> None:
    volume = appearance.model.outputs[0].get_partial_shape()
    if volume.is_dynamic:
        raise appearance.error(f"{OTHER}: its output has no fixed size")
    shapes = {"features": [int(side) for side in volume.to_shape()]}
    order = _order(file, ("features", "wanted", "own"))
    _fit(file, [shapes.get(name, [1, POINTS, 3]) for name in order])


def _order(file: NetworkFile, usual: tuple[str, ...]) -> list[str]:
    """What each input is: by the names of both conversions, else in the usual order."""
    known = dict.fromkeys(WANTED_POINTS, "wanted") | dict.fromkeys(OWN_POINTS, "own")
    if len(file.model.inputs) != len(usual):
        raise file.error(f"{OTHER}: it has {len(file.model.inputs)} inputs, not {len(usual)}")
    meant = [
        next((known[name] for name in port.get_names() if name in known), "features")
        for port in file.model.inputs
    ]
    return meant if sorted(meant) == sorted(usual) else list(usual)


def _head(file: NetworkFile, outputs: Sequence[Floats]) -> Head:
    """Three angles first; the others are told apart by how many numbers they have."""
    angles, others = outputs[:3], outputs[3:]
    by_size: dict[int, list[Floats]] = {}
    for output in others:
        by_size.setdefault(output.size, []).append(output)
    if [len(by_size.get(size, ())) for size in (1, 3, NUMBERS)] != [1, 1, 2]:
        raise file.error(f"{OTHER}: its outputs have {[output.size for output in outputs]} numbers")
    expression, points = (output.reshape(POINTS, 3) for output in by_size[NUMBERS])
    scale, translation = float(by_size[1][0].ravel()[0]), by_size[3][0].reshape(3)
    if not scale > 0:
        raise file.error(f"{OTHER}: it saw a head of the size {scale:.3g}")
    return Head(points, expression, rotation_of(*map(degrees_of, angles)), scale, translation)


def _try(networks: Networks) -> None:
    """One frame of grey, so that another network is known before the work."""
    grey = np.full((1, 3, SEEN_SIDE, SEEN_SIDE), 0.5, np.float32)
    features = networks.features(grey)
    own = networks.head(grey).placed
    shape = networks.stitching(*_points_twice(networks.stitching))[0].size
    expected = NUMBERS + 2 if len(networks.stitching.file.model.inputs) == 1 else NUMBERS
    if shape != expected:
        raise networks.stitching.file.error(f"{OTHER}: it gave {shape} numbers, not {expected}")
    made = networks.picture(features, own, own)
    if made.ndim != 4 or made.shape[:2] != (1, 3) or made.shape[2] != made.shape[3]:
        raise networks.generator.file.error(f"{OTHER}: it gave a picture of {made.shape}")


def _points_twice(network: RunningNetwork) -> list[Floats]:
    shapes = [tuple(port.get_shape()) for port in network.file.model.inputs]
    return [np.zeros(shape, np.float32) for shape in shapes]
