"""The lips of a face through a clip, stored as whole steps."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from base.lips import POINTS, Lips

# x and y of the points' middle, and the pixels of one step; all NaN where no lips are seen
Places = NDArray[np.float32]  # (frames, 3)
Steps = NDArray[np.int16]  # (frames, POINTS, 2) x, y from the middle
LipsPoints = NDArray[np.float64]  # (frames, POINTS, 2) x, y in pixels

PLACE_LENGTH = 3
MOST_STEPS = 32_000  # from the middle to the farthest point: 0.005 pixels of a large face
NO_PLACE = (np.nan,) * PLACE_LENGTH


@dataclass(frozen=True, eq=False)
class LipsTrack:
    """The lips of each frame, or none: half a kilobyte a frame, 44 MB an hour.

    `put` writes into the arrays: a long clip's lips are smoothed where they lie.
    """

    places: Places
    steps: Steps

    def __post_init__(self) -> None:
        frames = len(self.places)
        shapes = self.places.shape, self.steps.shape
        if shapes != ((frames, PLACE_LENGTH), (frames, POINTS, 2)):
            raise ValueError(f"a track of lips has {POINTS} points for every frame")
        places = self.places[self.has_lips]
        if not np.isfinite(places).all() or not (places[:, 2] > 0).all():
            raise ValueError("a track with lips at no place")

    @property
    def has_lips(self) -> NDArray[np.bool_]:
        """(frames,): whether each frame's lips are seen."""
        return np.asarray(~np.isnan(self.places).all(1))

    def points(self, frames: slice) -> LipsPoints:
        """The points in these frames; NaN where no lips are seen."""
        places = self.places[frames].astype(np.float64)
        return places[:, None, :2] + places[:, None, 2:] * self.steps[frames]

    def put(self, frames: slice, points: LipsPoints) -> None:
        """Replace the points of these frames, of which all have lips."""
        self.places[frames], self.steps[frames] = in_steps(points)

    def scaled(self, factor: float) -> "LipsTrack":
        """The same lips in pictures that are `factor` times as large; the steps are shared."""
        return LipsTrack(self.places * np.float32(factor), self.steps)

    def __len__(self) -> int:
        return len(self.places)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LipsTrack) or not np.array_equal(self.places, other.places, True):
            return False
        return np.array_equal(self.steps[self.has_lips], other.steps[self.has_lips])

    def __getitem__(self, index: int) -> Lips | None:
        if np.isnan(self.places[index, 0]):
            return None
        (points,) = self.points(slice(index, index + 1) if index >= 0 else slice(index, None))
        return Lips(points.astype(np.float32))


def in_steps(points: LipsPoints) -> tuple[Places, Steps]:
    """The places and steps of lips' points."""
    middles = points.mean(1)
    offsets = points - middles[:, None]
    pixels = np.maximum(np.abs(offsets).max((1, 2)), 1e-3) / MOST_STEPS
    steps = np.rint(offsets / pixels[:, None, None]).astype(np.int16)
    return np.column_stack([middles, pixels]).astype(np.float32), steps


def as_record(lips: Lips | None) -> tuple[object, object]:
    """One frame's place and steps."""
    if lips is None:
        return NO_PLACE, np.zeros((POINTS, 2), np.int16)
    places, steps = in_steps(lips.points[None].astype(np.float64))
    return places[0], steps[0]
