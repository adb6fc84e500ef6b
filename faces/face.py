"""A face, and the track of one face through a clip."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Box, Landmarks

# A face as a row of numbers: score; top, bottom, left, right; x and y of five landmarks.
ROW_LENGTH = 15
SCORE_COLUMN, BOX_COLUMNS, LANDMARK_COLUMNS = 0, slice(1, 5), slice(5, ROW_LENGTH)
NO_FACE_ROW = [np.nan] * ROW_LENGTH

Rows = NDArray[np.float64]  # (frames, ROW_LENGTH), all NaN in frames without the face


@dataclass(frozen=True)
class Face:
    """A face's box and landmarks, in the pixels of the picture it was detected in."""

    box: Box  # forehead to chin, without the hair
    landmarks: Landmarks
    score: float  # the detector's confidence, 0 to 1

    def __post_init__(self) -> None:
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"the score of a face lies between 0 and 1, not at {self.score}")

    @classmethod
    def from_row(cls, row: list[float]) -> "Face":
        score, top, bottom, left, right, *coordinates = row
        points = zip(coordinates[::2], coordinates[1::2], strict=True)
        return cls(Box(top, bottom, left, right), Landmarks(*points), score)

    def as_row(self) -> list[float]:
        box, coordinates = self.box, self.landmarks.points().ravel().tolist()
        return [self.score, box.top, box.bottom, box.left, box.right, *coordinates]

    def scaled(self, factor: float) -> "Face":
        """The same face in a picture that is `factor` times as large."""
        scale = Affine(factor, 0.0, 0.0, 0.0, factor, 0.0)
        return Face(self.box.scaled(factor), self.landmarks.mapped(scale), self.score)


@dataclass(frozen=True, eq=False)
class FaceTrack:
    """One person through a clip: `track[i]` is the face in source frame i, or None.

    The faces are stored as numbers: an hour takes 11 MB, as objects it would take ten times that.
    """

    rows: Rows

    def __post_init__(self) -> None:
        if self.rows.ndim != 2 or self.rows.shape[1] != ROW_LENGTH:
            raise ValueError(f"a track holds {ROW_LENGTH} numbers for every frame")
        faces = self.rows[self.has_face]
        score, (top, bottom, left, right) = faces[:, SCORE_COLUMN], faces[:, BOX_COLUMNS].T
        if not np.isfinite(faces).all() or not np.isnan(self.rows[~self.has_face]).all():
            raise ValueError("a track with half a face")
        if not ((top < bottom) & (left < right) & (score >= 0) & (score <= 1)).all():
            raise ValueError("a track with an invalid face")

    @classmethod
    def of(cls, faces: Iterable[Face | None]) -> "FaceTrack":
        rows = (NO_FACE_ROW if face is None else face.as_row() for face in faces)
        return cls(np.fromiter(rows, np.dtype((np.float64, ROW_LENGTH))))

    @property
    def has_face(self) -> NDArray[np.bool_]:
        """(frames,): whether each frame has the face."""
        return ~np.isnan(self.rows[:, SCORE_COLUMN])

    @property
    def face_count(self) -> int:
        """The number of frames that have the face."""
        return int(self.has_face.sum())

    def scaled(self, factor: float) -> "FaceTrack":
        """The same track in pictures that are `factor` times as large."""
        return FaceTrack(self.rows * [1.0, *[factor] * (ROW_LENGTH - 1)])

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Face | None]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, index: int) -> Face | None:
        row = self.rows[index]
        return None if np.isnan(row[SCORE_COLUMN]) else Face.from_row(row.tolist())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FaceTrack) and np.array_equal(self.rows, other.rows, True)
