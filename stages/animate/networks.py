"""Two small networks: the contours of an eye, and where in a picture a person is."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from base.compiled import compile_cached
from base.geometry import Affine, Picture, Points
from base.openvino import core, ov

WEIGHTS = Path(__file__).parent / "weights"
EYE_SIDE, PERSON_SIDE = 64, 256  # pixels of their inputs
EYE_REACH = 2.3  # of an eye's width: how wide the picture of it is
LOWER_LID, UPPER_LID = slice(0, 9), slice(9, 16)  # the upper one without the corners


@dataclass(frozen=True, eq=False)
class Networks:
    """Both, compiled."""

    eyes: ov.CompiledModel
    person: ov.CompiledModel

    @classmethod
    def load(cls, cache: Path | None = None) -> "Networks":
        return cls(_compiled("eyes", cache), _compiled("person", cache))


@dataclass(frozen=True, eq=False)
class Lids:
    """The lids of an eye in a picture, each from the left corner to the right one."""

    lower: Points  # (9, 2)
    upper: Points  # (9, 2)

    @property
    def width(self) -> float:
        """Pixels from corner to corner."""
        return float(np.hypot(*(self.lower[-1] - self.lower[0])))


def _compiled(name: str, cache: Path | None) -> ov.CompiledModel:
    graph = (WEIGHTS / f"{name}.xml").read_bytes()
    weights = (WEIGHTS / f"{name}.bin").read_bytes()
    # the network's constants lie in this memory until it is compiled
    tensor = ov.Tensor(np.frombuffer(weights, np.uint8).copy())
    return compile_cached(partial(core().read_model, graph, tensor), (graph, weights), cache)


def see_lids(networks: Networks, picture: Picture, corners: Points, mirrored: bool) -> Lids:
    """The lids of the eye with these corners, left and right; `mirrored` for the eye at the right.

    The network knows the eye at the left of a picture.
    """
    square = _level_square(corners)
    crop = cv2.warpAffine(
        picture,
        square.warp_matrix(),
        (EYE_SIDE, EYE_SIDE),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    points = _forward_eye(networks.eyes, crop[:, ::-1] if mirrored else crop)
    if mirrored:
        points[:, 0] = EYE_SIDE - points[:, 0]
    points = square(points)
    lower, upper = points[LOWER_LID], points[UPPER_LID]
    if mirrored:
        lower, upper = lower[::-1], upper[::-1]
    return Lids(lower, np.concatenate([lower[:1], upper, lower[-1:]]))


def see_person(networks: Networks, picture: Picture) -> NDArray[np.float32]:
    """How far each pixel of the picture is a person, 0 to 1."""
    size = (PERSON_SIDE, PERSON_SIDE)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    seen = np.array(networks.person(_shares(small))[0]).reshape(size)
    height, width = picture.shape[:2]
    return np.asarray(cv2.resize(seen, (width, height)), np.float32)


def _level_square(corners: Points) -> Affine:
    """From the pixels of the network's input to the picture."""
    (x0, y0), (x1, y1) = corners.tolist()
    scale = EYE_REACH / EYE_SIDE
    cos, sin, half = (x1 - x0) * scale, (y1 - y0) * scale, EYE_SIDE / 2
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return Affine(cos, -sin, x - (cos - sin) * half, sin, cos, y - (sin + cos) * half)


def _forward_eye(network: ov.CompiledModel, crop: NDArray[Any]) -> Points:
    """(71, 2): contours of the eye and the brow, in continuous pixels of the crop."""
    seen = network(_shares(crop))["output_eyes_contours_and_brows"]
    return np.array(seen, np.float64).reshape(-1, 3)[:, :2] + 0.5


def _shares(picture: NDArray[Any]) -> NDArray[np.float32]:
    """(1, height, width, 3) RGB in 0..1."""
    rgb = np.ascontiguousarray(picture[None, ..., ::-1], np.float32)
    return np.asarray(rgb / 255, np.float32)
