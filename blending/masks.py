"""Masks: the outline of the new mouth on the face, and its soft mask."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Box, Landmarks, Mask, Point, Rect

Floats = NDArray[np.float32]

BLUR_FACE_WIDTH = 256.0  # pixels: `blur_intensity` counts pixels on a face of this width
MIN_FEATHER = 3.0  # pixels: a mask without blur still has no jagged edge
MIN_CORE = 0.45  # of a radius: however wide the blur, the middle shows only the new mouth
MIN_UPPER_CORE = 0.75  # of the upper radius: the upper lip lies close to the border
LIPS_REGION_SIZE = 0.4  # up to this region size the mask stays below the nose


@dataclass(frozen=True)
class MaskShape:
    """The user's settings of the mask, relative to the face."""

    region_size: float = 0.6
    blur: float = 51.0  # pixels on a face of BLUR_FACE_WIDTH

    def __post_init__(self) -> None:
        if not 0.2 <= self.region_size <= 1.0:
            raise ValueError(f"mouth region size must be 0.2 to 1.0, got {self.region_size}")
        if self.blur < 0:
            raise ValueError(f"blur must not be negative, got {self.blur}")

    @property
    def lips(self) -> float:
        """1 if the mask may reach to all of the lips' surroundings, less in a smaller region."""
        return min(1.0, self.region_size / LIPS_REGION_SIZE)

    def feather(self, box: Box) -> float:
        """The width of the soft edge on the face in `box`, in its pixels."""
        return max(self.lips * self.blur / BLUR_FACE_WIDTH * box.width / 2, MIN_FEATHER)


class Outline(Protocol):
    """A shape in the frame; its mask is 1 in its core and 0 from its bounds outwards."""

    @property
    def bounds(self) -> Box: ...

    def mask(self, rect: Rect, /) -> Mask: ...


@dataclass(frozen=True)
class WholeBox:
    """The whole face box, for the plain paste."""

    bounds: Box

    def mask(self, rect: Rect, /) -> Mask:
        return read_only(np.ones(rect.size[::-1], np.float32))


@dataclass(frozen=True)
class Radii:
    """Of two half ellipses that meet on the line of the mouth, in frame pixels."""

    side: float
    up: float
    down: float

    def shrunk(self, pixels: float) -> "Radii":
        """Smaller by `pixels`, but not below the part of each radius that is always new."""
        return Radii(
            side=max(self.side - pixels, MIN_CORE * self.side),
            up=max(self.up - pixels, MIN_UPPER_CORE * self.up),
            down=max(self.down - pixels, MIN_CORE * self.down),
        )


@dataclass(frozen=True)
class MouthEllipse:
    """An outline turned with the mouth: 1 inside `inner`, 0 outside `outer`, soft between."""

    centre: tuple[float, float]
    roll: float  # radians
    inner: Radii
    outer: Radii
    limits: Box  # the face box; the patch has no pixels outside it

    @property
    def bounds(self) -> Box:
        x, y = self.centre
        side, tall = self.outer.side, max(self.outer.up, self.outer.down)
        half_width = math.hypot(side * math.cos(self.roll), tall * math.sin(self.roll))
        half_height = math.hypot(side * math.sin(self.roll), tall * math.cos(self.roll))
        return Box(
            max(y - half_height, self.limits.top),
            min(y + half_height, self.limits.bottom),
            max(x - half_width, self.limits.left),
            min(x + half_width, self.limits.right),
        )

    def mask(self, rect: Rect, /) -> Mask:
        return _ellipse_mask(self, rect)


def mouth_ellipse(box: Box, landmarks: Landmarks, shape: MaskShape) -> MouthEllipse:
    """The outline around the mouth of the face in `box`; it grows with the region size.

    Its lower radius depends on the chin, which moves with the jaw.
    """
    size = shape.region_size
    # if the box is so tight that the mouth lies outside, the mask lies on the box's border
    x = min(max(landmarks.mouth_centre[0], box.left), box.right)
    y = min(max(landmarks.mouth_centre[1], box.top), box.bottom)
    lips, feather = shape.lips, shape.feather(box)
    beyond_lips = max(0.0, size - LIPS_REGION_SIZE)
    nose = max(_nose_height(landmarks, (x, y)), 0.1 * box.height)
    chin = max(box.bottom - y, 0.15 * box.height)
    outer = Radii(
        side=max(0.54 * landmarks.mouth_width + feather, 0.55 * size * box.width),
        up=nose * min(0.4 + 0.1 * lips + 1.4 * beyond_lips, 1.1),
        down=chin * min(0.55 + 0.23 * lips + 0.8 * beyond_lips, 1.0),
    )
    return MouthEllipse((x, y), landmarks.roll, outer.shrunk(feather), outer, box)


def _nose_height(landmarks: Landmarks, mouth: Point) -> float:
    """Pixels from the mouth up to the nose, along the face's vertical axis."""
    x, y = mouth[0] - landmarks.nose[0], mouth[1] - landmarks.nose[1]
    return y * math.cos(landmarks.roll) - x * math.sin(landmarks.roll)


@lru_cache(maxsize=4)  # a still needs the same mask in every frame
def _ellipse_mask(ellipse: MouthEllipse, rect: Rect) -> Mask:
    step = grid_step(ellipse.limits, ellipse.outer.side - ellipse.inner.side)
    x, y = pixel_centres(rect, step)
    x, y = x - np.float32(ellipse.centre[0]), y - np.float32(ellipse.centre[1])
    cos, sin = np.float32(math.cos(ellipse.roll)), np.float32(math.sin(ellipse.roll))
    across, along = x * cos + y * sin, y * cos - x * sin
    beyond_inner = np.maximum(_elliptic_distance(across, along, ellipse.inner) - 1, 0)
    to_outer = 1 - _elliptic_distance(across, along, ellipse.outer)  # negative outside, to upsample
    ramp = to_outer / np.maximum(np.maximum(to_outer, 0) + beyond_inner, np.float32(1e-6))
    return read_only(smoothstep(upsample(ramp, rect, step)) * box_fade(ellipse.limits, rect))


def grid_step(face: Box, feather: float) -> int:
    """Pixels between the points where a mask is computed; between them it is linear."""
    return 2 if feather >= 6 and face.width >= 224 else 1


def _elliptic_distance(across: Floats, along: Floats, radii: Radii) -> Floats:
    """The distance from the centre relative to the radii: 1 on the ellipse."""
    vertical = np.maximum(along * np.float32(-1 / radii.up), along * np.float32(1 / radii.down))
    return np.asarray(cv2.magnitude(across * np.float32(1 / radii.side), vertical), np.float32)


def box_fade(box: Box, rect: Rect) -> Floats:
    """0 on the face box's border, 1 a little inside it."""
    x, y = pixel_centres(rect)
    feather = np.float32(box_feather(box))
    to_side = np.minimum(x - np.float32(box.left), np.float32(box.right) - x)
    to_end = np.minimum(y - np.float32(box.top), np.float32(box.bottom) - y)
    return np.minimum(smoothstep(to_side / feather), smoothstep(to_end / feather))


def box_feather(box: Box) -> float:
    """Pixels: the least width of the soft edge along the face box's border."""
    return max(MIN_FEATHER, 0.06 * box.width)


def pixel_centres(rect: Rect, step: int = 1) -> tuple[Floats, Floats]:
    """The centre of each pixel, or of each square of `step` pixels: a row of x, a column of y."""
    left, top = rect.left // step * step, rect.top // step * step  # a grid fixed to the frame
    x = np.arange(left, rect.right, step, dtype=np.float32) + np.float32(step / 2)
    y = np.arange(top, rect.bottom, step, dtype=np.float32) + np.float32(step / 2)
    return x[None, :], y[:, None]


def upsample(ramp: Floats, rect: Rect, step: int) -> Floats:
    """From a value for each square of `step` pixels to one for each pixel of `rect`."""
    if step == 1:
        return ramp
    height, width = ramp.shape
    fine = cv2.resize(ramp, (width * step, height * step), interpolation=cv2.INTER_LINEAR)
    top, left = rect.top % step, rect.left % step
    part = fine[top : top + rect.size[1], left : left + rect.size[0]]
    return np.ascontiguousarray(part, np.float32)  # much faster to go on with


def smoothstep(ramp: Floats) -> Floats:
    """0 below 0, 1 above 1, and no corner in between."""
    t = np.clip(ramp, 0, 1)
    slope = t * np.float32(-2)
    slope += 3
    t *= t
    t *= slope
    return np.asarray(t, np.float32)


def read_only(mask: Floats) -> Mask:
    mask.setflags(write=False)
    return mask
