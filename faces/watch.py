"""Watch the mouth of a followed face: where its lips are, and whether they can be seen at all.

The network's logit says whether there is a face, hardly whether its mouth is covered: a hand before
it lowers the logit as much as blur does. But lips that are only guessed move when the crop is
shaken, so where the logit falls a few shaken looks decide.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from base.geometry import Affine
from base.lips import CONTOURS, LEFT_EYE, RIGHT_EYE
from faces.face import Face
from faces.lips import BELIEVED, LipsSeer, Mesh, Square
from faces.view import REACH, View

PASSES = 2  # more looks at a face from the mesh that was just seen
CHASES = 4  # looks, at most, at a head that has moved away from where it was
LOST = 5.0  # the logit below which a face that was believed no longer is
FALL = 3.0  # below its usual logit a face may be covered
FADE = 0.1  # of the usual logit a frame: a head that turns slowly is not covered
# Shifts across and down and growth of the square, for looks that show whether lips are guessed.
SHAKES = ((0.03, 0.03, 1.0), (-0.03, -0.03, 1.05))
# Most motion of the shaken lips, in distances of the outer eye corners: nine in ten plain faces
# stay below 0.011, of 20 pixels below 0.017; of faces with a hand before the mouth none do.
STEADY, UNSTEADY = 0.018, 0.022  # to be believed again, and to be believed no longer
SAME_PLACE, SAME_SIZE = 0.35, 1.6  # widths between mesh and box, ratio of their sizes
# Sides of the square: a mesh that lies farther off its middle is looked at again, and is believed
# though it is blurred.
MOVED = 0.05


@dataclass(frozen=True, eq=False)
class Look:
    """What was seen of a face in one picture."""

    mesh: Mesh
    believed: bool  # it is a face, and its lips are seen
    usual: float  # the logit that this face has where nothing covers it
    followed: bool = False  # seen where the picture before had it, not looked for anew

    def after_loss(self) -> "Look":
        """What is still known of the face when it is found again."""
        return replace(self, believed=False)


@dataclass(frozen=True)
class Watch:
    """Looks at faces, each from where it was in the picture before."""

    see: LipsSeer

    def look(self, view: View, face: Face, last: Look | None = None) -> Look:
        """The face in this picture; `last` is the look at it in the picture before."""
        mesh = self._followed(view, face, last)
        followed = mesh is not None
        if mesh is None:
            mesh = self._seen_anew(view, face)
        believed = is_on(mesh, face) and self._is_seen(view, mesh, last)
        return Look(mesh, believed, _usual(mesh, last), followed)

    def believed(self, view: View, faces: Iterable[Face]) -> list[Face]:
        """Those of the faces that are faces with a mouth."""
        return [face for face in faces if self.look(view, face).believed]

    def go_on(self, view: View, last: Look | None) -> Look | None:
        """The next look at a face that was believed; None where there is any doubt."""
        mesh = None if last is None else self._continued(view, last)
        if mesh is None or last is None or mesh.logit < max(BELIEVED, last.usual - FALL):
            return None
        return Look(mesh, believed=True, usual=_usual(mesh, last), followed=True)

    def moved(self, view: View, face: Face, last: Look | None) -> Face | None:
        """The face of the picture before, moved as its mesh; None where that is no longer seen."""
        mesh = None if last is None else self._continued(view, last)
        if mesh is None or last is None:
            return None
        x, y = (mesh.points.mean(0) - last.mesh.points.mean(0)).tolist()
        box = face.box.padded(-y, y, -x, x)
        return replace(face, box=box, landmarks=face.landmarks.mapped(Affine.shift(x, y)))

    def _followed(self, view: View, face: Face, last: Look | None) -> Mesh | None:
        """The mesh from where it last was; None where that is no longer this face."""
        mesh = None if last is None else self._continued(view, last)
        return mesh if mesh is not None and is_on(mesh, face) else None

    def _continued(self, view: View, last: Look) -> Mesh | None:
        """The mesh from where it was believed in the picture before; None where it is lost."""
        if not last.believed:
            return None
        square = last.mesh.square
        for _ in range(CHASES):
            mesh = self.see(view, square)
            before, square = square, mesh.square
            if not _is_far(before, square):
                break
        return mesh if mesh.logit >= LOST else None

    def _seen_anew(self, view: View, face: Face) -> Mesh:
        mesh = self.see(view, Square.around_face(face))
        for _ in range(PASSES):
            mesh = self.see(view, mesh.square)
        return mesh

    def _is_seen(self, view: View, mesh: Mesh, last: Look | None) -> bool:
        """Whether these are seen lips, with hysteresis."""
        kept = last is not None and last.believed
        if mesh.logit < (LOST if kept else BELIEVED):
            return False
        if last is None or mesh.logit >= last.usual - FALL or (kept and _moved(mesh, last)):
            return True
        return self._shaken(view, mesh) < (UNSTEADY if kept else STEADY)

    def _shaken(self, view: View, mesh: Mesh) -> float:
        """How far the lips move when the crop is shaken, in distances of the eyes."""
        square = mesh.square
        looks = [self.see(view, square.jittered(*shake)).lips.points for shake in SHAKES]
        first, second = (points[:CONTOURS] for points in looks)
        eyes = mesh.points[RIGHT_EYE[1]] - mesh.points[LEFT_EYE[0]]
        return float(np.hypot(*(first - second).T).mean() / max(np.hypot(*eyes), 1e-6))


def _moved(mesh: Mesh, last: Look) -> bool:
    """Whether the head moves fast."""
    return _is_far(last.mesh.square, mesh.square)


def _is_far(before: Square, now: Square) -> bool:
    return math.dist(before.centre, now.centre) > MOVED * before.side


def _usual(mesh: Mesh, last: Look | None) -> float:
    if last is None:
        return mesh.logit
    return max(mesh.logit, last.usual - FADE if last.believed else last.usual)


def is_on(mesh: Mesh, face: Face) -> bool:
    """Whether a mesh lies on a face's box and is as large."""
    square = mesh.square
    size = max(face.box.width, face.box.height)
    near = math.dist(square.centre, face.box.centre) < SAME_PLACE * size
    return near and 1 / SAME_SIZE < square.side / REACH / size < SAME_SIZE
