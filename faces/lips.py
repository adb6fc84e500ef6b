"""See the lips of a face: a network gives their contours and a mesh of the face."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Picture, Points
from base.lips import CONTOURS, MESH, Lips
from faces.view import SIDE, Square, View

if TYPE_CHECKING:  # where all lips were seen in an earlier run, nothing computes
    from base.openvino import ov

__all__ = [
    "SIDE",
    "LipsSeer",
    "Mesh",
    "Square",
    "forward",
    "see",
    "see_depth",
    "see_lips",
    "see_steadily",
    "seer_for",
]

NETWORK = Path(__file__).parent / "weights" / "lips.xml"
MESH_POINTS = 468
# True faces give 14 to 32, also 15 pixels small or noisy; patterns that a detector takes for a face
# stay below 5, strong blur gives anything.
BELIEVED = 10.0  # the logit from which on it is a face
SHARES = (np.arange(256, dtype=np.float32) / 255).reshape(1, 256, 1)  # of white, by level
# Looks at a photo: moved by shares of the square's side, and so much larger.
JITTERS = ((0, 0, 1), (0.02, 0, 0.967), (-0.02, 0, 1.033), (0, 0.02, 1.033), (0, -0.02, 0.967))


@dataclass(frozen=True, eq=False)
class Mesh:
    """What the network sees in a square of a picture."""

    points: NDArray[np.float32]  # (468, 2) x, y in the picture
    lips: Lips
    logit: float  # of its being a face

    @property
    def is_face(self) -> bool:
        return self.logit >= BELIEVED

    @cached_property
    def square(self) -> Square:
        """Where the network looks at the face next."""
        return Square.around_mesh(self.points)


LipsSeer = Callable[[View, Square], Mesh]
_compiled: "list[ov.CompiledModel]" = []


def _network(cache: Path | None = None) -> "ov.CompiledModel":
    """Compiled once for the whole process."""
    if not _compiled:
        from base.compiled import compile_cached
        from base.openvino import core, ov

        # from memory: a file that the plugin maps stays open
        graph, weights = NETWORK.read_bytes(), NETWORK.with_suffix(".bin").read_bytes()
        # the network's constants lie in this memory until it is compiled
        tensor = ov.Tensor(np.frombuffer(weights, np.uint8).copy())
        build = partial(core().read_model, graph, tensor)
        _compiled.append(compile_cached(build, (graph, weights), cache))
    return _compiled[0]


def see_lips(picture: Picture, square: Square) -> Mesh:
    """The mesh and the lips of the face in a square of the picture."""
    return see(View.of(picture), square)


def see(view: View, square: Square) -> Mesh:
    """The mesh and the lips in a square of the view, in pixels of its picture."""
    in_crop, lips_in_crop, logit = forward(view.crop(square))
    mesh, contours = (_to_picture(part, square) for part in (in_crop, lips_in_crop))
    points = np.concatenate([contours, mesh[list(MESH)]]).astype(np.float32)
    return Mesh(mesh.astype(np.float32), Lips(points), logit)


def seer_for(still: bool, cache: Path | None = None) -> LipsSeer:
    """How lips are seen in a photo, or in the frames of a video."""
    _network(cache)
    return see_steadily if still else see


def _to_picture(points: NDArray[np.float32], square: Square) -> Points:
    """The network counts from the centre of a pixel."""
    return square.to_picture(points.astype(np.float64) + 0.5)


def see_steadily(view: View, square: Square) -> Mesh:
    """The mean of several looks: for a photo, where no other frame can steady the points."""
    looks = [see(view, square.jittered(*jitter)) for jitter in JITTERS]
    points = np.mean([look.points for look in looks], axis=0)
    lips = Lips(np.mean([look.lips.points for look in looks], axis=0))
    return Mesh(points, lips, float(np.mean([look.logit for look in looks])))


def see_depth(view: View, square: Square) -> NDArray[np.float32]:
    """(468,): how far each point of the mesh is behind the face's middle, in picture pixels."""
    looks = [square.jittered(*jitter) for jitter in JITTERS]
    depths = [_run_network(view.crop(look))[0][:, 2] * (look.side / SIDE) for look in looks]
    return np.asarray(np.mean(depths, axis=0), np.float32)


def forward(crop: Picture) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    """(468, 2) of the mesh and (40, 2) of the lips in pixels of the crop, and the face's logit."""
    mesh, lips, logit = _run_network(crop)
    return mesh[:, :2], lips, logit


def _run_network(crop: Picture) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
    """As `forward`, the mesh with its depth."""
    rgb = cv2.LUT(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB), SHARES)
    seen = _network()(rgb[None])
    mesh = np.array(seen["output_mesh_identity"]).reshape(MESH_POINTS, 3)
    lips = np.array(seen["output_lips"]).reshape(-1, 2)[:CONTOURS]
    return mesh, lips, float(np.ravel(seen["conv_faceflag"])[0])
