"""Where the new mouth shows: an outline laid over the face, and the mask it makes."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from geometry import Box, Landmarks, Mask, Rect

BLUR_FACE = 256.0  # `blur_intensity` counts pixels on a face of this width
SOFTEST_STEP = 3.0  # pixels: a mask without blur still has no jagged edge
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
class MouthEllipse:
    """Two half ellipses that meet on the line of the mouth, turned with it."""

    centre: tuple[float, float]
    roll: float
    half_width: float  # all four: where the mask reaches 0, in frame pixels
    up: float
    down: float
    core: float  # share of the radius, from the centre, that is 1 all over
    limits: Box  # the face box: beyond it there is nothing to show

    @property
    def bounds(self) -> Box:
        x, y = self.centre
        tall = max(self.up, self.down)
        across = math.hypot(self.half_width * math.cos(self.roll), tall * math.sin(self.roll))
        along = math.hypot(self.half_width * math.sin(self.roll), tall * math.cos(self.roll))
        box, inside = Box(y - along, y + along, x - across, x + across), self.limits
        return Box(
            max(box.top, inside.top),
            min(box.bottom, inside.bottom),
            max(box.left, inside.left),
            min(box.right, inside.right),
        )

    def mask(self, rect: Rect, /) -> Mask:
        return _ellipse_mask(self, rect)


@lru_cache(maxsize=4)  # a still asks for the same mask in every frame
def _ellipse_mask(shape: MouthEllipse, rect: Rect) -> Mask:
    x, y = _centres(rect)
    x, y = x - np.float32(shape.centre[0]), y - np.float32(shape.centre[1])
    cos, sin = np.float32(math.cos(shape.roll)), np.float32(math.sin(shape.roll))
    u = (x * cos + y * sin) / np.float32(shape.half_width)
    v = y * cos - x * sin
    v = np.where(v < 0, v / np.float32(shape.up), v / np.float32(shape.down))
    ramp = (1 - np.sqrt(u * u + v * v)) / np.float32(1 - shape.core)
    return _read_only(_eased(ramp) * _eased(_inside(shape, rect)))


def _inside(shape: MouthEllipse, rect: Rect) -> NDArray[np.float32]:
    """0 on the face box's border, 1 a feather's width inside it."""
    x, y = _centres(rect)
    edge, feather = shape.limits, np.float32(shape.half_width * (1 - shape.core) / 2)
    left_right = np.minimum(x - np.float32(edge.left), np.float32(edge.right) - x)
    top_bottom = np.minimum(y - np.float32(edge.top), np.float32(edge.bottom) - y)
    return np.asarray(np.minimum(left_right, top_bottom) / max(feather, np.float32(1)), np.float32)


def mouth_ellipse(box: Box, landmarks: Landmarks, shape: MaskShape) -> MouthEllipse:
    """On the mouth, as wide as the region asks; the chin below it moves with the jaw."""
    size, mouth = shape.region_size, landmarks.mouth_width
    nose = max(math.dist(landmarks.nose, landmarks.mouth_centre), 0.15 * box.height)
    chin = max(box.bottom - landmarks.mouth_centre[1], 0.15 * box.height)
    lips = min(1.0, size / LIPS_REGION)
    half_width = max(0.62 * mouth * lips, 0.55 * size * box.width)
    up = nose * (0.62 * lips if size <= LIPS_REGION else 0.62 + 0.8 * (size - LIPS_REGION))
    down = chin * min(1.0, 0.45 + 0.75 * size)
    feather = max(shape.blur / BLUR_FACE * box.width / 2, SOFTEST_STEP)
    core = 1 - min(feather / min(half_width, up, down), 0.55)  # never the old mouth in the core
    return MouthEllipse(landmarks.mouth_centre, landmarks.roll, half_width, up, down, core, box)


def _centres(rect: Rect) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Each pixel's centre: a row of x and a column of y."""
    x = np.arange(rect.left, rect.right, dtype=np.float32) + np.float32(0.5)
    y = np.arange(rect.top, rect.bottom, dtype=np.float32) + np.float32(0.5)
    return x[None, :], y[:, None]


def _eased(ramp: NDArray[np.float32]) -> NDArray[np.float32]:
    """0 below 0, 1 above 1, and no corner in between."""
    t = np.clip(ramp, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _read_only(mask: NDArray[np.float32]) -> Mask:
    mask.setflags(write=False)
    return mask
