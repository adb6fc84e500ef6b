"""Masks that follow the lips: 1 where a new mouth may open, 0 from the face's edge outwards.

A mask is described along rays from the mouth's centre: where its core ends, and where it ends
itself. They lie in a frame that turns with the face and is stretched so that the mouth is about as
high as wide, for there few rays are enough.
"""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Box, Mask, Points, Rect
from base.lips import CHIN, LEFT_EYE, NOSE_BASE, NOSE_BRIDGE, OVAL, RIGHT_EYE, ROW_OF, Lips
from blending.masks import (
    LIPS_REGION_SIZE,
    MIN_FEATHER,
    Floats,
    MaskShape,
    box_feather,
    pixel_centres,
    read_only,
    smoothstep,
    upsample,
)

OPENING = 0.45  # of the nose's length, about a mouth's width: how far a new mouth may open
TO_CHIN = 0.7  # of the way from the lower lip to the chin: it opens no further
ABOVE_LIP = 1.8  # pixels: how far the mask of a small region reaches above the upper lip
INTO_LIP = 0.01  # of the mouth's width: how far its soft edge reaches into the upper lip
CORNER = 0.1  # of half the mouth's width: how far its corners are surely new
DROOP = 0.4  # of the feather: how far below the corners of the mouth its ends lie
FACE_SHARE = 0.97  # of the way to the face's edge, which is not seen to a pixel

# rows among the points of the lips and the mesh
UPPER = [0, *range(11, 20), 10]  # the outer contour, from corner to corner
LOWER = slice(0, 11)
CORNERS = [0, 10, ROW_OF[LEFT_EYE[0]], ROW_OF[RIGHT_EYE[1]]]  # of the mouth and of both eyes
# of the inner contours above and below the gap, chin and nose
MIDDLE = [35, 25, *(ROW_OF[point] for point in (CHIN, NOSE_BASE, NOSE_BRIDGE))]
EDGE = [ROW_OF[point] for point in (*OVAL[11:26], 98, NOSE_BASE, 327)]  # jaw and nostrils

GRID = 80.0  # points across the face, at least, at which a mask is computed
MAX_STEP = 4  # pixels between them
LEAST_SAMPLES = 3  # of them across most of the soft edge
RAYS = 256
LEAST_LENGTH = 0.05  # of a ray
ANGLES = np.arange(RAYS) * (2 * math.pi / RAYS) - math.pi  # clockwise from the left
DIRECTIONS = np.stack([np.cos(ANGLES), np.sin(ANGLES)], 1)
ROUNDING = np.array([1, 4, 6, 4, 1]) / 16
AROUND = np.arange(-2, RAYS + 2) % RAYS  # every ray, and two neighbours at both ends

# Outlines that are kept, 10 kB each: a clip's are needed before its first frame, to know what shows
# of the mouths, and again in every frame and round of a loop.
OUTLINES = 1500

Rays = NDArray[np.float64]  # (RAYS,) lengths


@dataclass(frozen=True, eq=False)
class LevelFace:
    """The lower half of a face, turned level around the middle between the mouth's corners."""

    upper: Points  # the outer contour of the lips, from the left corner to the right one
    lower: Points
    gap: float  # pixels between the lips
    chin: float  # pixels below the corners
    nose: float  # its length
    edge: Points  # where the face ends, and its nose
    to_picture: Affine

    @classmethod
    def of(cls, points: Points) -> "LevelFace":
        """From those of the lips and the mesh in the picture."""
        to_picture = _level(points)
        level = to_picture.inverse()(points)
        (_, above), (_, below), (_, chin), base, bridge = level[MIDDLE].tolist()
        return cls(
            upper=level[UPPER],
            lower=level[LOWER],
            gap=max(below - above, 0.0),
            chin=chin,
            nose=math.dist(base, bridge),
            edge=level[EDGE],
            to_picture=to_picture,
        )

    @cached_property
    def opened(self) -> Points:
        """The lower contour of the lips when the mouth is wide open."""
        x, y = self.lower.T
        to_chin = TO_CHIN * (self.chin - float(y.max()))
        drop = max(min(OPENING * self.nose - self.gap, to_chin), 0.0)
        bow = np.sqrt(1 - np.square(x / self.half_width))
        return np.stack([x, y + drop * bow], 1)

    @cached_property
    def half_width(self) -> float:
        return max(float(np.abs(self.lower[:, 0]).max()), 1.0)

    @property
    def frame(self) -> "RayFrame":
        """Around the open mouth's centre."""
        top, bottom = float(self.upper[5, 1]), float(self.opened[5, 1])
        centre = (top + bottom) / 2
        half_height = max((bottom - top) / 2, 0.3 * self.half_width)
        stretch = Affine(self.half_width, 0.0, 0.0, 0.0, half_height, centre)
        return RayFrame(stretch, stretch.then(self.to_picture))


@dataclass(frozen=True, eq=False)
class RayFrame:
    """The frame of the rays, in which the mouth is about as high as wide."""

    to_level: Affine
    to_picture: Affine

    @cached_property
    def pixels(self) -> Rays:
        """How many pixels a ray's unit of length is."""
        return np.hypot(self.to_level.a * DIRECTIONS[:, 0], self.to_level.e * DIRECTIONS[:, 1])

    def lengths(self, *contours: Points) -> NDArray[np.float64]:
        """(contours, RAYS): where the rays meet closed contours of the level face."""
        x, y = self.to_level.inverse()(np.concatenate(contours)).T
        angles, inverse = np.arctan2(y, x), 1 / np.maximum(np.hypot(x, y), LEAST_LENGTH)
        ends = np.cumsum([len(contour) for contour in contours]).tolist()
        parts = (slice(start, end) for start, end in pairwise([0, *ends]))
        return 1 / np.stack([_around(angles[part], inverse[part]) for part in parts])

    def lies_in(self, box: Box) -> bool:
        """Whether the box holds the centre."""
        x, y = self.to_picture.c, self.to_picture.f
        return box.left < x < box.right and box.top < y < box.bottom

    def lengths_to(self, box: Box) -> Rays:
        """Where the rays meet the border of a box of the picture that holds the centre."""
        to = self.to_picture
        across, along = (DIRECTIONS @ np.array([(to.a, to.d), (to.b, to.e)])).T
        sides = np.maximum(across / (box.right - to.c), across / (box.left - to.c))
        ends = np.maximum(along / (box.bottom - to.f), along / (box.top - to.f))
        return np.asarray(1 / np.maximum(sides, ends), np.float64)


@dataclass(frozen=True, eq=False)
class LipsOutline:
    """The outline of a mouth that may open: where its core ends along each ray, and it itself."""

    frame: RayFrame
    core: Rays
    outer: Rays
    limits: Box  # the face box; the patch has no pixels outside it

    @cached_property
    def bounds(self) -> Box:
        x, y = self.frame.to_picture(DIRECTIONS * self.outer[:, None]).T
        return Box(
            max(float(y.min()), self.limits.top),
            min(float(y.max()), self.limits.bottom),
            max(float(x.min()), self.limits.left),
            min(float(x.max()), self.limits.right),
        )

    def mask(self, rect: Rect, /) -> Mask:
        return _lips_mask(self, rect)


def lips_outline(box: Box, lips: Lips, shape: MaskShape) -> LipsOutline | None:
    """None where the mouth lies outside the box. For equal lips it is the same one."""
    return _outline(box, np.asarray(lips.points, np.float32).tobytes(), shape)


@lru_cache(maxsize=OUTLINES)
def _outline(box: Box, lips: bytes, shape: MaskShape) -> LipsOutline | None:
    face = LevelFace.of(np.frombuffer(lips, np.float32).reshape(-1, 2).astype(np.float64))
    frame = face.frame
    return LipsOutline(frame, *_edges(face, frame, box, shape), box) if frame.lies_in(box) else None


def _edges(face: LevelFace, frame: RayFrame, box: Box, shape: MaskShape) -> tuple[Rays, Rays]:
    """The core is the open mouth, and more where the region reaches far beyond it."""
    feather, beyond = shape.feather(box), _beyond_lips(shape)
    into = 2 * INTO_LIP * face.half_width * max(1 - 2 * beyond, 0.0)
    mouth = np.concatenate([_widened(face.upper, into), face.opened[1:-1]])
    core, limit, end = frame.lengths(mouth, _upper_limit(face, feather), face.edge)
    border, pixels = frame.lengths_to(box), frame.pixels
    soft, least, fade = (width / pixels for width in (feather, MIN_FEATHER, box_feather(box)))
    end = np.minimum(FACE_SHARE * end, border)
    lips = np.minimum(np.minimum(core + soft, limit), end)
    outer = _rounded(lips + beyond * (end - lips))
    core = _rounded(np.minimum(np.maximum(core, outer - soft), border - fade))
    return np.minimum(core, outer - least), outer


def _widened(upper: Points, into: float) -> Points:
    """The upper lip's contour, lowered but for its corners, which lie further out."""
    core: Points = upper.copy()
    core[1:-1, 1] += into
    core[[0, -1], 0] *= 1 + CORNER
    return core


def _beyond_lips(shape: MaskShape) -> float:
    """0 for a mask that ends at the lips, 1 for one that ends where the face does."""
    return math.sqrt(max(shape.region_size - LIPS_REGION_SIZE, 0.0) / (1 - LIPS_REGION_SIZE))


def _level(points: Points) -> Affine:
    """To the picture from the frame that lies level around the middle of the mouth's corners."""
    (x0, y0), (x1, y1), left_eye, right_eye = points[CORNERS].tolist()
    across = x1 - x0 + right_eye[0] - left_eye[0]
    down = y1 - y0 + right_eye[1] - left_eye[1]
    length = math.hypot(across, down)
    cos, sin = (across / length, down / length) if length > 0 else (1.0, 0.0)
    return Affine(cos, -sin, (x0 + x1) / 2, sin, cos, (y0 + y1) / 2)


def _upper_limit(face: LevelFace, feather: float) -> Points:
    """Just above the upper lip, around its corners, beside and below them, and open downwards."""
    lip = np.concatenate([face.upper, (face.upper[1:] + face.upper[:-1]) / 2])  # in any order
    lip[:, 1] -= ABOVE_LIP
    (x0, y0), (x1, y1) = face.upper[[0, -1]].tolist()
    corner, droop = CORNER * face.half_width, DROOP * feather
    beside = [(x1 + corner, y1), (x0 - corner, y0)]
    ends = [(x1 + corner + feather, y1 + droop), (x0 - corner - feather, y0 + droop)]
    return np.concatenate([lip, beside, ends, [(0.0, 9 * face.nose)]])


def _around(angles: Rays, values: Rays) -> Rays:
    """Values at some angles, interpolated for all rays."""
    order = angles.argsort()
    order = np.concatenate([order[-1:], order, order[:1]])
    angles = angles[order]
    angles[0] -= 2 * math.pi
    angles[-1] += 2 * math.pi
    return np.asarray(np.interp(ANGLES, angles, values[order]), np.float64)


def _rounded(rays: Rays) -> Rays:
    """Without corners: each ray averaged with its neighbours."""
    return np.asarray(np.convolve(rays[AROUND], ROUNDING, "valid"))


@lru_cache(maxsize=4)  # a still needs the same one in every frame
def _lips_mask(outline: LipsOutline, rect: Rect) -> Mask:
    step = _grid_step(outline)
    ramp = _ramp(outline, rect, step)
    return read_only(smoothstep(upsample(ramp, rect, step)))


def _grid_step(outline: LipsOutline) -> int:
    """Pixels between the points where the mask is computed; between them it is linear."""
    widths = (outline.outer - outline.core) * outline.frame.pixels
    softness = float(np.partition(widths, RAYS // 2)[RAYS // 2])  # the median
    return max(int(min(outline.limits.width / GRID, softness / LEAST_SAMPLES, MAX_STEP)), 1)


def _ramp(outline: LipsOutline, rect: Rect, step: int) -> Floats:
    """1 where the core ends and 0 where the mask does, linear between and beyond."""
    length, places = _polar(outline.frame.to_picture.inverse(), rect, step)
    slope = 1 / (outline.outer - outline.core)
    rows = places.astype(np.int32)
    places -= rows  # their shares of the next ray
    length *= _look_up(slope, rows, places)
    return _look_up(outline.outer * slope, rows, places) - length


def _look_up(rays: Rays, rows: NDArray[np.int32], shares: Floats) -> Floats:
    """The values between the rays at `rows` and their next ones."""
    table = np.append(rays, rays[:2]).astype(np.float32)  # an angle of 2 pi is that of 0
    values = np.diff(table).take(rows)
    values *= shares
    values += table.take(rows)
    return values


def _polar(to_rays: Affine, rect: Rect, step: int) -> tuple[Floats, Floats]:
    """Each grid point's distance from the centre, and its place among the rays."""
    x, y = pixel_centres(rect, step)
    back = np.float32(-1)  # angles count from the left
    across = back * (
        np.float32(to_rays.a) * x + (np.float32(to_rays.b) * y + np.float32(to_rays.c))
    )
    along = back * (np.float32(to_rays.d) * x + (np.float32(to_rays.e) * y + np.float32(to_rays.f)))
    length, angle = cv2.cartToPolar(across, along)
    angle *= np.float32(RAYS / (2 * math.pi))
    return np.asarray(length, np.float32), np.asarray(angle, np.float32)
