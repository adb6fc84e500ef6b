"""What is seen of a person in every picture of a clip."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faces.face import NOBODY, NUMBERS, Face, FaceTrack

COLUMNS = 2 + NUMBERS  # begins, people, the face

Rows = NDArray[np.float64]  # (frames, COLUMNS)


@dataclass(frozen=True)
class Sighting:
    """The followed face in one picture."""

    face: Face | None
    begins: bool  # nothing before this picture belongs to the same motion
    people: int = 0  # faces beyond doubt, when they were last looked for in this shot


@dataclass(frozen=True, eq=False)
class Sightings:
    """A sighting for each picture, held as numbers: an hour takes 12 MB."""

    rows: Rows

    def __post_init__(self) -> None:
        if self.rows.shape[1] != COLUMNS or not np.isin(self.rows[:, 0], (0, 1)).all():
            raise ValueError("no sightings")
        if not np.isfinite(self.rows[:, 1]).all() or not (self.rows[:, 1] >= 0).all():
            raise ValueError("no number of people")

    @classmethod
    def of(cls, sightings: Iterable[Sighting]) -> "Sightings":
        """Takes one at a time."""
        rows = (
            [one.begins, one.people, *(one.face.numbers if one.face else NOBODY)]
            for one in sightings
        )
        return cls(np.fromiter(rows, np.dtype((np.float64, COLUMNS))))

    @property
    def track(self) -> FaceTrack:
        return FaceTrack(self.rows[:, 2:])

    @property
    def begins(self) -> NDArray[np.bool_]:
        return np.asarray(self.rows[:, 0] == 1)

    @property
    def people(self) -> NDArray[np.int64]:
        return self.rows[:, 1].astype(np.int64)

    def __len__(self) -> int:
        return len(self.rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sightings) and np.array_equal(self.rows, other.rows, True)

    def __iter__(self) -> Iterator[Sighting]:
        for row, face in zip(self.rows, self.track, strict=True):
            yield Sighting(face, bool(row[0]), int(row[1]))
