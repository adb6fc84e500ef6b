"""The motion from one frame to the next, by OpenCV's DIS flow both ways, and how far to trust it.

The flow is that of a reduced luma. For a moment between the frames each of them is moved there by
its own flow; where a flow does not lead back to where it came from, something is covered or
uncovered, and the frame that is trusted more shows alone.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Box, Rect
from video.yuv import Frame, resize

LONGEST = 384  # pixels of the reduced luma's longer side: more follow noise and cost more
STEPS = 2  # towards the place that a pixel comes from
REST = 0.1  # pixels of the reduced luma: less is no motion, and the frame stays sharp
SPREAD = 2.0  # pixels over which errors are averaged
CERTAIN, DOUBTFUL = 0.5, 1.5  # pixels of error: below, frames mix; from there on one shows alone
ALIKE, UNLIKE = 6.0, 16.0  # levels of 255 between the moved frames, likewise
WRONG, LOST = 24.0, 2.0  # levels, and pixels of both flows' error: no motion leads there
EVIDENCE = 0.75  # levels by which a motion must make the frames more alike
AROUND = 41  # pixels: within them nothing may move where something rests, such as plain skin
NEARER = 0.3  # pixels of error by which the nearer frame is preferred
SMALLEST = 16  # pixels a side that DIS flow needs
# Shares of a picture and of the face in it: fast heads reach 0.12, a jump between two takes of the
# same person 0.24, other scenes 0.9.
MOST_WRONG, MOST_WRONG_FACE = 0.18, 0.3

ZERO = np.float32(0)

Field = NDArray[np.float32]  # (rows, columns, 2): x and y
Level = NDArray[np.float32]  # (rows, columns)


@dataclass(frozen=True, eq=False)
class Blend:
    """How two frames make the one between them."""

    first: Field  # from a pixel to where it lies in the first frame, in reduced pixels
    second: Field  # and in the second one
    weight: Level  # of the second one, 0 to 1
    moves: NDArray[np.bool_]  # elsewhere the nearer frame is shown as it is
    wrong: NDArray[np.bool_]  # where no motion leads from one to the other

    @property
    def area(self) -> Rect | None:
        """The smallest rectangle that holds all that moves."""
        rows, columns = (np.flatnonzero(self.moves.any(axis=axis)) for axis in (1, 0))
        if not len(rows):
            return None
        return Rect(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)

    def is_believed(self, face: Box | None) -> bool:
        """Whether the picture, and a face in it (in reduced pixels), is mostly right."""
        height, width = self.wrong.shape
        rect = None if face is None else face.inside(width, height)
        if rect is not None and self.wrong[rect.slices].mean() > MOST_WRONG_FACE:
            return False
        return bool(self.wrong.mean() <= MOST_WRONG)


@dataclass(frozen=True, eq=False)
class Motion:
    """Two frames' reduced luma, and the flow from each to the other."""

    first: NDArray[np.uint8]
    second: NDArray[np.uint8]
    forward: Field
    backward: Field
    scale: float  # of the reduced luma

    @classmethod
    def between(cls, first: Frame, second: Frame) -> "Motion":
        one, scale = _reduced(first)
        other, _ = _reduced(second)
        forward, backward = _flow(one, other), _flow(other, one)
        return cls(one, other, forward, backward, scale)

    @cached_property
    def is_none(self) -> bool:
        """Whether the frames show the same."""
        return bool((self._still_unlike <= EVIDENCE).all())

    def at(self, part: float) -> Blend:
        """The frame after `part` of the way, 0 to 1, from the first to the second."""
        first, first_error = self._came_from(self.forward, part, self._errors[0])
        second, second_error = self._came_from(self.backward, 1 - part, self._errors[1])
        unlike = self._unlike(first, second)
        first, second = (np.where(self._rests(unlike), ZERO, field) for field in (first, second))
        error = np.maximum(first_error, second_error)
        alone = np.maximum(_ramp(unlike, ALIKE, UNLIKE), _ramp(error, CERTAIN, DOUBTFUL))
        better = first_error - second_error + (NEARER if part >= 0.5 else -NEARER)
        chosen = _ramp(better, -NEARER / 2, NEARER / 2)
        moves = (unlike > ALIKE / 2) | first.any(axis=2) | second.any(axis=2)
        weight = np.where(moves, part + (chosen - part) * alone, np.float32(part >= 0.5))
        wrong = (unlike > WRONG) | (np.minimum(first_error, second_error) > LOST)
        return Blend(first, second, _averaged(weight), moves, wrong)

    def _rests(self, unlike: Level) -> NDArray[np.bool_]:
        """(rows, columns, 1): where, all around, a motion makes the frames no more alike."""
        moves = (self._still_unlike > unlike + EVIDENCE).astype(np.uint8)
        return np.asarray(cv2.dilate(moves, np.ones((AROUND, AROUND), np.uint8)) == 0)[..., None]

    @cached_property
    def _still_unlike(self) -> Level:
        """Levels of 255 between the frames as they are."""
        return _averaged(cv2.absdiff(self.first, self.second).astype(np.float32))

    def _unlike(self, first: Field, second: Field) -> Level:
        """Levels of 255 between the frames where each is moved so."""
        moved = cv2.absdiff(_sampled(self.first, first), _sampled(self.second, second))
        return _averaged(moved.astype(np.float32))

    @cached_property
    def _errors(self) -> tuple[Level, Level]:
        """How far each flow, and the other one back, miss the pixel that they set out from."""
        there = self.forward + _sampled(self.backward, self.forward)
        back = self.backward + _sampled(self.forward, self.backward)
        return _lengths(there), _lengths(back)

    def _came_from(self, flow: Field, part: float, errors: Level) -> tuple[Field, Level]:
        """Where each pixel lay before it moved `part` of the flow, and how doubtful that is."""
        place = -part * flow
        for _ in range(STEPS):
            place = -part * _sampled(flow, place)
        missed = _lengths(place + part * _sampled(flow, place))
        return place, _averaged(_sampled(errors, place) + missed)


def _reduced(frame: Frame) -> tuple[NDArray[np.uint8], float]:
    """The luma in 8 bits, its longer side at most LONGEST, and its scale."""
    luma = frame.planes()[0]
    scale = min(1.0, LONGEST / max(luma.shape))
    size = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    small = resize(luma, size)
    if luma.dtype != np.uint8:
        small = small >> (frame.layout.bits - 8)
    return np.ascontiguousarray(small, np.uint8), scale


def _flow(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Field:
    """The motion of each pixel, none where it is too small to be one."""
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    flow = dis.calc(*_large_enough(first, second), None)  # type: ignore[call-overload]
    flow = flow[: first.shape[0], : first.shape[1]]
    return np.asarray(flow * _ramp(_lengths(flow), REST, 3 * REST)[..., None], np.float32)


def _large_enough(*lumas: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """The pictures with their borders repeated where they are too small for the flow's patches."""
    height, width = lumas[0].shape
    more = max(0, SMALLEST - height), max(0, SMALLEST - width)
    if not any(more):
        return list(lumas)
    return [np.pad(luma, ((0, more[0]), (0, more[1])), mode="edge") for luma in lumas]


def sampled(
    plane: NDArray[Any], offset: Field, interpolation: int, corner: tuple[int, int] = (0, 0)
) -> NDArray[Any]:
    """The plane read at each pixel's offset, from the pixel at `corner` (row, column) on.

    The plane's border is repeated.
    """
    rows, columns = np.indices(offset.shape[:2], np.float32, sparse=True)
    x, y = offset[..., 0] + (columns + corner[1]), offset[..., 1] + (rows + corner[0])
    return cv2.remap(plane, x, y, interpolation, borderMode=cv2.BORDER_REPLICATE)


def _sampled(plane: NDArray[Any], offset: Field) -> NDArray[Any]:
    return sampled(plane, offset, cv2.INTER_LINEAR)


def _averaged(values: Level) -> Level:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), SPREAD), np.float32)


def _lengths(field: NDArray[Any]) -> Level:
    return np.asarray(np.hypot(field[..., 0], field[..., 1]), np.float32)


def _ramp(values: Level, low: float, high: float) -> Level:
    """0 up to `low`, 1 from `high` on."""
    return np.asarray(((values - low) / (high - low)).clip(0, 1), np.float32)
