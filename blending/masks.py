"""Where the new mouth shows: an outline laid over the face, and the mask it makes."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Box, Landmarks, Mask, Point, Rect

Floats = NDArray[np.float32]

BLUR_FACE = 256.0  # `blur_intensity` counts pixels on a face of this width
SOFTEST_STEP = 3.0  # pixels: a mask without blur still has no jagged edge
LEAST_CORE = 0.45  # of a radius: a wide blur never lets the old mouth through its middle
LEAST_UPPER_CORE = 0.75  # the upper lip lies close to the border
LIPS_REGION = 0.4  # up to this region size the mask keeps below the nose


@dataclass(frozen=True)
class MaskShape:
    """What the user asks of the mask, relative to the face."""

    region_size: float = 0.6
    blur: float = 51.0

    def __post_init__(self) -> None:
        if not 0.2 <= self.region_size <= 1.0:
            raise ValueError(f"mouth region size must be 0.2 to 1.0, got {self.region_size}")
        if self.blur < 0:
            raise ValueError(f"blur must not be negative, got {self.blur}")


class Outline(Protocol):
    """A shape in the frame; its mask is 1 in its core and 0 from its bounds outwards."""

    @property
    def bounds(self) -> Box: ...

    def mask(self, rect: Rect, /) -> Mask: ...


@dataclass(frozen=True)
class WholeBox:
    """Everything that the generator made: the plain paste."""

    bounds: Box

    def mask(self, rect: Rect, /) -> Mask:
        return _read_only(np.ones(rect.size[::-1], np.float32))


@dataclass(frozen=True)
class Radii:
    """Of two half ellipses that meet on the line of the mouth, in frame pixels."""

    side: float
    up: float
    down: float

    def shrunk(self, by: float) -> "Radii":
        """Smaller by `by`, yet never so small that the middle is lost."""
        return Radii(
            side=max(self.side - by, LEAST_CORE * self.side),
            up=max(self.up - by, LEAST_UPPER_CORE * self.up),
            down=max(self.down - by, LEAST_CORE * self.down),
        )


@dataclass(frozen=True)
class MouthEllipse:
    """Turned with the mouth: 1 inside `inner`, 0 outside `outer`, soft between."""

    centre: tuple[float, float]
    roll: float
    inner: Radii
    outer: Radii
    limits: Box  # the face box: beyond it there is nothing to show

    @property
    def bounds(self) -> Box:
        x, y = self.centre
        side, tall = self.outer.side, max(self.outer.up, self.outer.down)
        across = math.hypot(side * math.cos(self.roll), tall * math.sin(self.roll))
        along = math.hypot(side * math.sin(self.roll), tall * math.cos(self.roll))
        edge = self.limits
        return Box(
            max(y - along, edge.top),
            min(y + along, edge.bottom),
            max(x - across, edge.left),
            min(x + across, edge.right),
        )

    @property
    def coarseness(self) -> int:
        """Pixels that a straight line may bridge: a few for each transition."""
        soft = self.outer.side - self.inner.side >= 6
        return 2 if soft and self.limits.width >= 224 else 1

    def mask(self, rect: Rect, /) -> Mask:
        return _ellipse_mask(self, rect)


def mouth_ellipse(box: Box, landmarks: Landmarks, shape: MaskShape) -> MouthEllipse:
    """On the mouth, as wide as the region asks; the chin below it moves with the jaw."""
    size = shape.region_size
    # where a box is cut so tight that the mouth lies outside, the mask lies on its border
    x = min(max(landmarks.mouth_centre[0], box.left), box.right)
    y = min(max(landmarks.mouth_centre[1], box.top), box.bottom)
    lips = min(1.0, size / LIPS_REGION)
    larger = max(0.0, size - LIPS_REGION)
    feather = max(lips * shape.blur / BLUR_FACE * box.width / 2, SOFTEST_STEP)
    nose = max(_above(landmarks, (x, y)), 0.1 * box.height)
    chin = max(box.bottom - y, 0.15 * box.height)
    outer = Radii(
        side=max(0.54 * landmarks.mouth_width + feather, 0.55 * size * box.width),
        up=nose * min(0.4 + 0.1 * lips + 1.4 * larger, 1.1),
        down=chin * min(0.55 + 0.23 * lips + 0.8 * larger, 1.0),
    )
    return MouthEllipse((x, y), landmarks.roll, outer.shrunk(feather), outer, box)


def _above(landmarks: Landmarks, point: Point) -> float:
    """How far the nose lies above `point`, along the face."""
    x, y = point[0] - landmarks.nose[0], point[1] - landmarks.nose[1]
    return y * math.cos(landmarks.roll) - x * math.sin(landmarks.roll)


@lru_cache(maxsize=4)  # a still asks for the same mask in every frame
def _ellipse_mask(shape: MouthEllipse, rect: Rect) -> Mask:
    step = shape.coarseness
    x, y = _centres(rect, step)
    x, y = x - np.float32(shape.centre[0]), y - np.float32(shape.centre[1])
    cos, sin = np.float32(math.cos(shape.roll)), np.float32(math.sin(shape.roll))
    across, along = x * cos + y * sin, y * cos - x * sin
    from_inner = np.maximum(_distance(across, along, shape.inner) - 1, 0)
    to_outer = 1 - _distance(across, along, shape.outer)  # less than 0 outside, for the bridging
    ramp = to_outer / np.maximum(np.maximum(to_outer, 0) + from_inner, np.float32(1e-6))
    return _read_only(_eased(_finer(ramp, rect, step)) * _inside(shape.limits, rect))


def _distance(across: Floats, along: Floats, radii: Radii) -> Floats:
    """From the centre, 1 on the ellipse."""
    tall = np.maximum(along * np.float32(-1 / radii.up), along * np.float32(1 / radii.down))
    return np.asarray(cv2.magnitude(across * np.float32(1 / radii.side), tall), np.float32)


def _inside(edge: Box, rect: Rect) -> Floats:
    """0 on the face box's border, 1 a little inside it."""
    x, y = _centres(rect)
    feather = np.float32(max(SOFTEST_STEP, 0.06 * edge.width))
    from_side = np.minimum(x - np.float32(edge.left), np.float32(edge.right) - x)
    from_end = np.minimum(y - np.float32(edge.top), np.float32(edge.bottom) - y)
    return np.minimum(_eased(from_side / feather), _eased(from_end / feather))


def _centres(rect: Rect, step: int = 1) -> tuple[Floats, Floats]:
    """The centre of each pixel, or of each square of `step` pixels: a row of x, a column of y."""
    left, top = rect.left // step * step, rect.top // step * step  # the grid stays in the frame
    x = np.arange(left, rect.right, step, dtype=np.float32) + np.float32(step / 2)
    y = np.arange(top, rect.bottom, step, dtype=np.float32) + np.float32(step / 2)
    return x[None, :], y[:, None]


def _finer(ramp: Floats, rect: Rect, step: int) -> Floats:
    """From a value for each square to one for each pixel of `rect`."""
    if step == 1:
        return ramp
    height, width = ramp.shape
    fine = cv2.resize(ramp, (width * step, height * step), interpolation=cv2.INTER_LINEAR)
    top, left = rect.top % step, rect.left % step
    return np.asarray(fine[top : top + rect.size[1], left : left + rect.size[0]], np.float32)


def _eased(ramp: Floats) -> Floats:
    """0 below 0, 1 above 1, and no corner in between."""
    t = np.clip(ramp, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _read_only(mask: Floats) -> Mask:
    mask.setflags(write=False)
    return mask
