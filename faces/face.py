"""A face, and the track of one face through a clip."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from base.geometry import Affine, Box, Landmarks
from base.lips import POINTS, Lips
from faces.lips_track import PLACE_LENGTH, LipsTrack, as_record

# A face as a row of numbers: score; top, bottom, left, right; x and y of five landmarks.
ROW_LENGTH = 15
SCORE_COLUMN, BOX_COLUMNS, LANDMARK_COLUMNS = 0, slice(1, 5), slice(5, ROW_LENGTH)
NO_FACE_ROW = [np.nan] * ROW_LENGTH

Rows = NDArray[np.float64]  # (frames, ROW_LENGTH), all NaN in frames without the face
TABLE = np.dtype(
    [
        ("row", np.float64, ROW_LENGTH),
        ("place", np.float32, PLACE_LENGTH),
        ("steps", np.int16, (POINTS, 2)),
    ]
)


@dataclass(frozen=True)
class Face:
    """A face's box and landmarks, in the pixels of the picture it was detected in."""

    box: Box  # forehead to chin, without the hair
    landmarks: Landmarks
    score: float  # the detector's confidence, 0 to 1
    lips: Lips | None = None  # where the lips network saw them and believed that it is a face

    def __post_init__(self) -> None:
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"the score of a face lies between 0 and 1, not at {self.score}")

    @classmethod
    def from_row(cls, row: list[float], lips: Lips | None = None) -> "Face":
        score, top, bottom, left, right, *coordinates = row
        points = zip(coordinates[::2], coordinates[1::2], strict=True)
        return cls(Box(top, bottom, left, right), Landmarks(*points), score, lips)

    def as_row(self) -> list[float]:
        box, coordinates = self.box, self.landmarks.points().ravel().tolist()
        return [self.score, box.top, box.bottom, box.left, box.right, *coordinates]

    def scaled(self, factor: float) -> "Face":
        """The same face in a picture that is `factor` times as large."""
        scale = Affine(factor, 0.0, 0.0, 0.0, factor, 0.0)
        lips = None if self.lips is None else self.lips.scaled(factor)
        return Face(self.box.scaled(factor), self.landmarks.mapped(scale), self.score, lips)


@dataclass(frozen=True, eq=False)
class FaceTrack:
    """One person through a clip: `track[i]` is the face in source frame i, or None.

    The faces are stored as numbers: an hour takes 11 MB, and 44 MB for the lips.
    """

    rows: Rows
    lips: LipsTrack | None = None  # none: nobody looked at them

    def __post_init__(self) -> None:
        if self.lips is not None and len(self.lips) != len(self.rows):
            raise ValueError("a track with lips for other frames")
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
        records = (
            (face.as_row() if face else NO_FACE_ROW, *as_record(face.lips if face else None))
            for face in faces
        )
        table = np.fromiter(records, TABLE)
        lips = LipsTrack(table["place"], table["steps"])
        return cls(table["row"].copy(), lips if lips.has_lips.any() else None)

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
        lips = None if self.lips is None else self.lips.scaled(factor)
        return FaceTrack(self.rows * [1.0, *[factor] * (ROW_LENGTH - 1)], lips)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Face | None]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, index: int) -> Face | None:
        row = self.rows[index]
        if np.isnan(row[SCORE_COLUMN]):
            return None
        lips = None if self.lips is None else self.lips[index]
        return Face.from_row(row.tolist(), lips)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FaceTrack) or not np.array_equal(self.rows, other.rows, True):
            return False
        return self.lips == other.lips
