"""What is seen of a photo before it lives: a mesh with depth, the person, and the eyes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Box, Points, Rect
from base.lips import CHIN, LEFT_EYE, NOSE_BRIDGE, OVAL, RIGHT_EYE
from faces.face import Face
from faces.lips import Square, see_depth, see_steadily
from faces.view import View
from stages.animate.networks import Lids, Networks, see_lids, see_person
from video.yuv import Frame

LONGEST = 1024  # pixels of what the networks look at
AROUND = 1.2  # of the face's box on each side: what is cut out for the mesh
LOOKS = 3  # at the mesh, each with the square of the one before
EARS = (234, 454, 127, 356)
LEFT_BROW = (70, 63, 105, 66, 107, 46, 53, 52, 65, 55)  # its upper edge, then its lower one
RIGHT_BROW = (336, 296, 334, 293, 300, 285, 295, 282, 283, 276)
REACH_UP, REACH_DOWN, REACH_ACROSS = 3.1, 3.6, 2.9  # units from the face's middle
CELL = 4  # pixels: the reach begins and ends on whole cells of any chroma
JITTERS = ((0.0, 0.0), (0.04, 0.0), (-0.04, 0.0), (0.0, 0.04), (0.0, -0.04))  # of an eye's width


@dataclass(frozen=True, eq=False)
class Eye:
    """An eye in the picture, and the lower edge of the brow above it."""

    lids: Lids
    brow: Points  # (5, 2)
    unsteady: float  # how much its lids depend on how one looks, in widths of the eye


@dataclass(frozen=True, eq=False)
class Portrait:
    """A face in a photo, in the photo's continuous pixels."""

    mesh: NDArray[np.float64]  # (468, 3) x, y, and depth behind the ears: negative before them
    left_eye: Eye | None  # none: it is not wholly in the picture
    right_eye: Eye | None
    reach: Rect  # around all that may move
    person: NDArray[np.float32]  # how far each pixel of the reach, reduced, is a person

    @property
    def points(self) -> Points:
        return self.mesh[:, :2]

    @property
    def unit(self) -> float:
        """The distance of the outer corners of the eyes, as it were without a turn."""
        across = self.points[RIGHT_EYE[1]] - self.points[LEFT_EYE[0]]
        along = self.points[CHIN] - self.points[NOSE_BRIDGE]
        return float(max(np.hypot(*across), 0.8 * np.hypot(*along)))

    @property
    def down(self) -> NDArray[np.float64]:
        """(2,): the direction from the bridge of the nose to the chin."""
        along = self.points[CHIN] - self.points[NOSE_BRIDGE]
        return np.asarray(along / np.hypot(*along))

    @property
    def centre(self) -> NDArray[np.float64]:
        """(2,): the middle of the face's outline."""
        return np.asarray(self.points[list(OVAL)].mean(axis=0))

    @property
    def turn(self) -> float:
        """By how many degrees the face looks to a side."""
        left, right = self.mesh[EARS[0]], self.mesh[EARS[1]]
        across = np.hypot(*(right - left)[:2])
        return float(np.degrees(np.arctan2(abs(right[2] - left[2]), across)))


def see_portrait(networks: Networks, frame: Frame, face: Face) -> Portrait | None:
    """What the networks see of a face in a frame; None where they see no face."""
    mesh = _mesh(frame, face)
    if mesh is None:
        return None
    reach = _reach(mesh[:, :2], frame)
    person = see_person(networks, frame.part(reach, LONGEST // 4))
    left, right = (_eye(networks, frame, mesh[:, :2], side) for side in (0, 1))
    return Portrait(mesh, left, right, reach, person)


def _mesh(frame: Frame, face: Face) -> NDArray[np.float64] | None:
    box, margin = face.box, AROUND * max(face.box.width, face.box.height)
    rect = _inside(box.padded(margin, margin, margin, margin), frame)
    picture = frame.part(rect, LONGEST)
    in_frame = _to_frame((picture.shape[0], picture.shape[1]), rect)
    scale = picture.shape[1] / rect.size[0]
    moved = Box(
        box.top - rect.top, box.bottom - rect.top, box.left - rect.left, box.right - rect.left
    )
    landmarks = face.landmarks.mapped(in_frame.inverse())
    square = Square.around_face(Face(moved.scaled(scale), landmarks, face.score))
    view = View.of(picture)
    for _ in range(LOOKS):
        mesh = see_steadily(view, square)
        last, square = square, mesh.square
    if not mesh.is_face:
        return None
    depth = see_depth(view, last) / scale
    depth -= depth[list(EARS)].mean()
    return np.column_stack([in_frame(mesh.points.astype(np.float64)), depth])


def _reach(points: Points, frame: Frame) -> Rect:
    """All that may move with the head and the breath, upright, inside the frame."""
    along = points[CHIN] - points[NOSE_BRIDGE]
    unit = max(
        float(np.hypot(*(points[RIGHT_EYE[1]] - points[LEFT_EYE[0]]))),
        0.8 * float(np.hypot(*along)),
    )
    x, y = points[list(OVAL)].mean(axis=0).tolist()
    across, up, down = REACH_ACROSS * unit, REACH_UP * unit, REACH_DOWN * unit
    return _inside(Box(y - up, y + down, x - across, x + across), frame)


def _inside(box: Box, frame: Frame) -> Rect:
    """Whole cells of chroma that the box touches."""
    rect = box.inside(frame.width, frame.height)
    assert rect is not None  # a face is in its frame
    return Rect(
        rect.top // CELL * CELL,
        min(-(-rect.bottom // CELL) * CELL, frame.height),
        rect.left // CELL * CELL,
        min(-(-rect.right // CELL) * CELL, frame.width),
    )


def _to_frame(shape: tuple[int, int], rect: Rect) -> Affine:
    """From the pixels of a reduced part of the frame."""
    box = Box(rect.top, rect.bottom, rect.left, rect.right)
    return Affine.size_to_box((shape[1], shape[0]), box)


def _eye(networks: Networks, frame: Frame, points: Points, side: int) -> Eye | None:
    """The eye at the picture's left (0) or right (1): the mean of several looks.

    None where it is not wholly in the picture.
    """
    corners = points[list((LEFT_EYE, RIGHT_EYE)[side])]
    width = float(np.hypot(*(corners[1] - corners[0])))
    box = Box.around(corners, width / 2, width / 2)
    if min(box.top, box.left) < 0 or box.bottom > frame.height or box.right > frame.width:
        return None
    rect = _inside(box.padded(*[1.5 * width] * 4), frame)
    shift = np.array([rect.left, rect.top], np.float64)
    picture = frame.part(rect, max(rect.size))
    looks = [
        see_lids(networks, picture, corners - shift + np.multiply(jitter, width), bool(side))
        for jitter in JITTERS
    ]
    lower, upper = (np.stack([getattr(one, lid) for one in looks]) for lid in ("lower", "upper"))
    unsteady = float(np.concatenate([lower, upper], axis=1).std(axis=0).max()) / width
    brow = points[list((LEFT_BROW, RIGHT_BROW)[side][5:])]
    lids = Lids(lower.mean(axis=0) + shift, upper.mean(axis=0) + shift)
    return Eye(lids, brow[np.argsort(brow[:, 0])], unsteady)
