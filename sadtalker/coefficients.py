"""A face in numbers, frame by frame, as the mapping network takes it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sadtalker.alignment import Alignment

EXPRESSION, POSE, ALIGNMENT = 64, 6, 3  # numbers of each in a row, in this order
POSE_BLOCK, POSE_NOISE = 32, 64  # frames whose poses are made together, numbers of their noise
REACH = 13  # frames on each side of one that decide how it moves
SPAN = 2 * REACH + 1
EXPRESSION_PART = slice(80, 144)  # of what the reconstruction network sees
ANGLE_PART, SHIFT_PART = slice(224, 227), slice(254, 257)

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SourceFace:
    """The face of the photo, or of a frame of a driving video."""

    expression: Floats  # (64,)
    pose: Floats  # (6,) angles in radians, shift
    alignment: Floats  # (3,) scale and shift of the picture that was looked at

    def __post_init__(self) -> None:
        shapes = (self.expression.shape, self.pose.shape, self.alignment.shape)
        if shapes != ((EXPRESSION,), (POSE,), (ALIGNMENT,)):
            raise ValueError(f"a face of {shapes}")

    @classmethod
    def of(cls, seen: Floats, alignment: Alignment) -> "SourceFace":
        """From the 257 numbers that the reconstruction network sees."""
        pose = np.concatenate([seen[ANGLE_PART], seen[SHIFT_PART]])
        return cls(seen[EXPRESSION_PART], pose, alignment.numbers)

    def row(self, full: bool) -> Floats:
        """(70,), or (73,) of a `full` picture."""
        parts = [self.expression, self.pose, self.alignment]
        return np.concatenate(parts if full else parts[:2]).astype(np.float32)


def joined(
    expressions: Floats, poses: Floats, source: SourceFace, full: bool, still: bool
) -> Floats:
    """(T, 64) and (T, 6) -> (T, 70 or 73); a `still` head keeps the source's pose."""
    rows = np.tile(source.row(full), (len(expressions), 1))
    rows[:, :EXPRESSION] = expressions
    if not still:
        rows[:, EXPRESSION : EXPRESSION + POSE] = poses
    return rows


def repeated_to(rows: Floats, count: int) -> Floats:
    """The rows from the beginning again, as often as so many need, and cut."""
    return np.asarray(rows[np.arange(count) % len(rows)])


def windows_around(rows: Floats, places: NDArray[np.float64]) -> Floats:
    """(n, 70 or 73, 27): the rows around each place, those between two rows by their mean.

    Beyond the ends the outermost row is repeated.
    """
    wanted = np.add.outer(places, np.arange(-REACH, REACH + 1))
    return rows_at(rows, wanted).swapaxes(1, 2)


def rows_at(rows: Floats, places: NDArray[np.float64]) -> Floats:
    """The rows at these places, those between two rows by their mean."""
    places = places.clip(0, len(rows) - 1)
    before = places.astype(np.int64)
    after = np.minimum(before + 1, len(rows) - 1)
    share = (places - before)[..., None].astype(np.float32)
    return np.asarray(rows[before] * (1 - share) + rows[after] * share, np.float32)
