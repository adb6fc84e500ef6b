"""Which pixels of the patches are visible in the frames: no others need be computed."""

import math
from functools import reduce
from itertools import groupby

from base.generator import SIDE
from base.geometry import Box, Rect
from blending.color import RING_WIDTH
from blending.methods import BlendSettings
from faces.face import Face, FaceTrack

MARGIN = RING_WIDTH + 1  # patch pixels: colours are compared there, and kernels reach less far
GRID = 2  # pixels: strides of 2 divide such sizes

Size = tuple[int, int]  # width and height of a frame


def visible_rect(
    track: FaceTrack, settings: BlendSettings, width: int, height: int, side: int = SIDE
) -> Rect:
    """The pixels of a side x side patch that show in any frame of width x height."""
    faces = (face for face, _ in groupby(track) if face)  # in a still they are all one
    parts = filter(
        None, (_visible_rect_of(face, settings, (width, height), side) for face in faces)
    )
    first = next(parts, None)
    return _on_grid(reduce(Rect.union, parts, first)) if first else Rect(0, side, 0, side)


def _visible_rect_of(face: Face, settings: BlendSettings, size: Size, side: int) -> Rect | None:
    rect = settings.outline(face.box, face.landmarks, face.lips).bounds.inside(*size)
    return rect_in_patch(rect, face.box, side) if rect else None


def rect_in_patch(rect: Rect, box: Box, side: int = SIDE) -> Rect:
    """The patch's pixels that the frame's pixels `rect` of the face in `box` depend on."""
    across, along = side / box.width, side / box.height
    return _inside_patch(
        side,
        top=math.floor((rect.top - box.top) * along) - MARGIN,
        bottom=math.ceil((rect.bottom - box.top) * along) + MARGIN,
        left=math.floor((rect.left - box.left) * across) - MARGIN,
        right=math.ceil((rect.right - box.left) * across) + MARGIN,
    )


def _inside_patch(side: int, top: int, bottom: int, left: int, right: int) -> Rect:
    """Where nothing is left inside, the patch's border goes on outside."""
    top, left = (min(max(first, 0), side - 1) for first in (top, left))
    return Rect(top, min(max(bottom, top + 1), side), left, min(max(right, left + 1), side))


def _on_grid(part: Rect) -> Rect:
    return Rect(
        part.top // GRID * GRID,
        -(-part.bottom // GRID) * GRID,
        part.left // GRID * GRID,
        -(-part.right // GRID) * GRID,
    )
