"""A face, and one face through a clip."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Box, Landmarks

NUMBERS = 15  # of a face: its score; top, bottom, left, right; five landmarks, x and y
SCORE, EDGES, PLACES = 0, slice(1, 5), slice(5, NUMBERS)
NOBODY = [np.nan] * NUMBERS

Rows = NDArray[np.float64]  # (frames, NUMBERS), all of them NaN where the face is not seen


@dataclass(frozen=True)
class Face:
    """Where a face is, in the pixels of the picture it was found in."""

    box: Box  # forehead to chin, without the hair
    landmarks: Landmarks
    score: float  # the detector's belief, 0..1

    def __post_init__(self) -> None:
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"the score of a face lies between 0 and 1, not at {self.score}")

    @classmethod
    def of(cls, numbers: list[float]) -> "Face":
        """From its row."""
        score, top, bottom, left, right, *places = numbers
        points = zip(places[::2], places[1::2], strict=True)
        return cls(Box(top, bottom, left, right), Landmarks(*points), score)

    @property
    def numbers(self) -> list[float]:
        """Its row."""
        box, places = self.box, self.landmarks.points().ravel().tolist()
        return [self.score, box.top, box.bottom, box.left, box.right, *places]

    def scaled(self, factor: float) -> "Face":
        """The same face in a picture that is `factor` times as large."""
        by = Affine(factor, 0.0, 0.0, 0.0, factor, 0.0)
        return Face(self.box.scaled(factor), self.landmarks.mapped(by), self.score)


@dataclass(frozen=True, eq=False)
class FaceTrack:
    """One person through a clip: `track[i]` is the face in source frame i, None where not seen.

    Held as numbers, of which an hour takes 11 MB; as objects it would take ten times as much.
    """

    rows: Rows

    def __post_init__(self) -> None:
        if self.rows.ndim != 2 or self.rows.shape[1] != NUMBERS:
            raise ValueError(f"a track holds {NUMBERS} numbers for every frame")
        seen = self.rows[self.seen]
        score, (top, bottom, left, right) = seen[:, SCORE], seen[:, EDGES].T
        if not np.isfinite(seen).all() or not np.isnan(self.rows[~self.seen]).all():
            raise ValueError("a track with half a face")
        if not ((top < bottom) & (left < right) & (score >= 0) & (score <= 1)).all():
            raise ValueError("a track with what is no face")

    @classmethod
    def of(cls, faces: Iterable[Face | None]) -> "FaceTrack":
        rows = (NOBODY if face is None else face.numbers for face in faces)
        return cls(np.fromiter(rows, np.dtype((np.float64, NUMBERS))))

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Whether each frame shows the face."""
        return ~np.isnan(self.rows[:, SCORE])

    @property
    def found(self) -> int:
        """In how many frames the face is seen."""
        return int(self.seen.sum())

    def scaled(self, factor: float) -> "FaceTrack":
        """The same track in pictures that are `factor` times as large."""
        return FaceTrack(self.rows * [1.0, *[factor] * (NUMBERS - 1)])

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Face | None]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, index: int) -> Face | None:
        row = self.rows[index]
        return None if np.isnan(row[SCORE]) else Face.of(row.tolist())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FaceTrack) and np.array_equal(self.rows, other.rows, True)
