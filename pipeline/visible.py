"""Which part of the generated patches shows in the frames: nothing else need be computed."""

import math
from functools import reduce
from itertools import groupby

from base.geometry import Box, Rect
from blending.color import REACH
from blending.methods import Look
from faces.face import Face, FaceTrack
from wav2lip.generators.batch import SIDE, WHOLE

BESIDE = REACH + 1  # pixels around what shows: colours are compared there, kernels reach less far
GRID = 2  # pixels: the sizes that strides of 2 divide


def shown_part(track: FaceTrack, look: Look, width: int, height: int) -> Rect:
    """The patch's pixels that show in any of the frames, which are width x height."""
    faces = (face for face, _ in groupby(track) if face)  # in a still they are all one
    parts = filter(None, (_part_of(face, look, width, height) for face in faces))
    first = next(parts, None)
    return _on_grid(reduce(_both, parts, first)) if first else WHOLE


def _part_of(face: Face, look: Look, width: int, height: int) -> Rect | None:
    seen = look.outline(face.box, face.landmarks).bounds.inside(width, height)
    return part_behind(seen, face.box) if seen else None


def part_behind(seen: Rect, box: Box) -> Rect:
    """The patch's pixels that the frame's pixels `seen` of the face in `box` are made from."""
    across, along = SIDE / box.width, SIDE / box.height
    return _inside_patch(
        top=math.floor((seen.top - box.top) * along) - BESIDE,
        bottom=math.ceil((seen.bottom - box.top) * along) + BESIDE,
        left=math.floor((seen.left - box.left) * across) - BESIDE,
        right=math.ceil((seen.right - box.left) * across) + BESIDE,
    )


def _inside_patch(top: int, bottom: int, left: int, right: int) -> Rect:
    """Where nothing is left inside, the patch's border goes on outside."""
    top, left = (min(max(first, 0), SIDE - 1) for first in (top, left))
    return Rect(top, min(max(bottom, top + 1), SIDE), left, min(max(right, left + 1), SIDE))


def _both(one: Rect, other: Rect) -> Rect:
    return Rect(
        min(one.top, other.top),
        max(one.bottom, other.bottom),
        min(one.left, other.left),
        max(one.right, other.right),
    )


def _on_grid(part: Rect) -> Rect:
    return Rect(
        part.top // GRID * GRID,
        -(-part.bottom // GRID) * GRID,
        part.left // GRID * GRID,
        -(-part.right // GRID) * GRID,
    )
