"""Carry a face along with its mesh: steadier than detecting it anew, and ten times cheaper."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Box
from base.lips import LEFT_EYE, NOSE_BASE, NOSE_BRIDGE, NOSE_TIP, NOSTRILS, OVAL, RIGHT_EYE
from faces.face import Face

# What no speech moves: eyes, nose, and the outline down to the ears.
RIGID = [*LEFT_EYE, *RIGHT_EYE, NOSE_TIP, NOSE_BASE, NOSE_BRIDGE, *NOSTRILS, *OVAL[:9], *OVAL[-8:]]
TURNED = 0.03  # distances of the outer eye corners that the points may miss, else the head turned


@dataclass(frozen=True, eq=False)
class Anchor:
    """A detected face, and its mesh in the same picture."""

    face: Face
    mesh: NDArray[np.float32]  # (468, 2)

    def carried(self, mesh: NDArray[np.float32]) -> Face | None:
        """The face where the mesh has gone; None where the head has turned on the way."""
        before, now = (points[RIGID].astype(np.float64) for points in (self.mesh, mesh))
        way = Affine.similarity(before, now)
        missed = np.hypot(*(way(before) - now).T).mean()
        if missed > TURNED * math.dist(mesh[LEFT_EYE[0]], mesh[RIGHT_EYE[1]]):
            return None
        return replace(
            self.face,
            box=_carried_box(self.face.box, way),
            landmarks=self.face.landmarks.mapped(way),
        )


def _carried_box(box: Box, way: Affine) -> Box:
    """Boxes are upright: it moves and grows."""
    ((x, y),) = way(np.array([box.centre])).tolist()
    scale = math.hypot(way.a, way.d)
    width, height = scale * box.width / 2, scale * box.height / 2
    return Box(y - height, y + height, x - width, x + width)
