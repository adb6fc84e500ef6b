"""Frames between two frames, by their motion, in the frame's own planes."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Box, Rect
from stages.rate.motion import Blend, Field, Motion, sampled
from video.yuv import Frame, Plane, frame_from_planes

BORDER = 4  # reduced pixels around what moves, over which weights fade

# The frame after a part of the way (0 to 1), with a face in that area; None: it is not believed
FrameAt = Callable[[float, Box | None], Frame | None]
Interpolator = Callable[[Frame, Frame], FrameAt]


def by_flow(first: Frame, second: Frame) -> FrameAt:
    """Frames between two; none of them where the frames are of different kinds."""
    if not are_alike(first, second):
        return lambda part, face: None
    motion = Motion.between(first, second)

    def at(part: float, face: Box | None) -> Frame | None:
        nearer = second if part >= 0.5 else first
        if motion.is_none:
            return nearer
        blend = motion.at(part)
        if not blend.is_believed(None if face is None else face.scaled(motion.scale)):
            return None
        return blended(first, second, blend, nearer)

    return at


def are_alike(first: Frame, second: Frame) -> bool:
    """Whether two frames have planes of the same kind and size."""
    sizes = {(frame.width, frame.height) for frame in (first, second)}
    return first.layout == second.layout and len(sizes) == 1


def blended(first: Frame, second: Frame, blend: Blend, nearer: Frame) -> Frame:
    """Both frames moved to the moment between them, and mixed; what rests is the nearer one's."""
    if blend.area is None:
        return nearer
    area = _grown(blend.area, blend.moves.shape)
    planes = [
        _blended(planes, blend, area, first.layout.max_value)
        for planes in zip(nearer.planes(), first.planes(), second.planes(), strict=True)
    ]
    return frame_from_planes(planes, first.layout, nearer)


def _grown(area: Rect, shape: tuple[int, ...]) -> Rect:
    return Rect(
        max(0, area.top - BORDER),
        min(shape[0], area.bottom + BORDER),
        max(0, area.left - BORDER),
        min(shape[1], area.right + BORDER),
    )


def _blended(planes: tuple[Plane, ...], blend: Blend, area: Rect, limit: int) -> Plane:
    nearer, first, second = planes
    rect = _in_plane(area, blend.weight.shape, nearer.shape)
    weight = _enlarged(blend.weight, nearer.shape)[rect.slices]
    one, other = (
        _moved(plane, offset, rect)
        for plane, offset in ((first, blend.first), (second, blend.second))
    )
    result = nearer.copy()
    result[rect.slices] = _mixed(one, other, weight, limit)
    return result


def _mixed(one: Plane, other: Plane, weight: NDArray[np.float32], limit: int) -> Plane:
    if one.dtype == np.uint8:
        return np.asarray(cv2.blendLinear(one, other, 1 - weight, weight), np.uint8)
    mixed = one + (other.astype(np.float32) - one) * weight
    return np.asarray(np.rint(mixed).clip(0, limit), one.dtype)


def _moved(plane: Plane, offset: Field, rect: Rect) -> Plane:
    """The samples of the plane that show in the rectangle after the motion."""
    scale = np.divide(plane.shape[::-1], offset.shape[1::-1]).astype(np.float32)
    whole = _enlarged(offset, plane.shape)[rect.slices]
    return sampled(plane, whole * scale, cv2.INTER_CUBIC, (rect.top, rect.left))


def _enlarged(field: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    size = shape[1], shape[0]
    return np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_LINEAR), np.float32)


def _in_plane(area: Rect, reduced: tuple[int, ...], plane: tuple[int, ...]) -> Rect:
    """The plane's samples that an area of the reduced luma covers."""
    down, across = plane[0] / reduced[0], plane[1] / reduced[1]
    box = Box(area.top * down, area.bottom * down, area.left * across, area.right * across)
    rect = box.inside(plane[1], plane[0])
    assert rect is not None  # an area of the luma has samples in every plane
    return rect
