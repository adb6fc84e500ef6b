"""Sightings: the followed face in every picture of a clip, before smoothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faces.face import NO_FACE_ROW, ROW_LENGTH, Face, FaceTrack

COLUMNS = 2 + ROW_LENGTH
STARTS_SHOT_COLUMN, PEOPLE_COLUMN, FACE_COLUMNS = 0, 1, slice(2, COLUMNS)

Rows = NDArray[np.float64]  # (frames, COLUMNS)


@dataclass(frozen=True)
class Sighting:
    """The followed face in one picture."""

    face: Face | None
    starts_shot: bool  # the face's motion is not continued from the picture before
    people: int = 0  # certain faces at the last detection of this shot


@dataclass(frozen=True, eq=False)
class Sightings:
    """A sighting for each picture, stored as numbers: an hour takes 12 MB."""

    rows: Rows

    def __post_init__(self) -> None:
        if self.rows.shape[1] != COLUMNS:
            raise ValueError("no sightings")
        flags, people = self.rows[:, STARTS_SHOT_COLUMN], self.rows[:, PEOPLE_COLUMN]
        if not np.isin(flags, (0, 1)).all():
            raise ValueError("no sightings")
        if not np.isfinite(people).all() or not (people >= 0).all():
            raise ValueError("no number of people")

    @classmethod
    def of(cls, sightings: Iterable[Sighting]) -> "Sightings":
        """Collect the sightings without ever holding more than one as an object."""
        rows = (
            [s.starts_shot, s.people, *(s.face.as_row() if s.face else NO_FACE_ROW)]
            for s in sightings
        )
        return cls(np.fromiter(rows, np.dtype((np.float64, COLUMNS))))

    @property
    def track(self) -> FaceTrack:
        return FaceTrack(self.rows[:, FACE_COLUMNS])

    @property
    def starts_shot(self) -> NDArray[np.bool_]:
        return np.asarray(self.rows[:, STARTS_SHOT_COLUMN] == 1)

    @property
    def people(self) -> NDArray[np.int64]:
        return self.rows[:, PEOPLE_COLUMN].astype(np.int64)

    def __len__(self) -> int:
        return len(self.rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sightings) and np.array_equal(self.rows, other.rows, True)

    def __iter__(self) -> Iterator[Sighting]:
        for row, face in zip(self.rows, self.track, strict=True):
            yield Sighting(face, bool(row[0]), int(row[1]))
