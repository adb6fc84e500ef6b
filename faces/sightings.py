"""Sightings: the followed face in every picture of a clip, before smoothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from base.lips import POINTS
from faces.face import NO_FACE_ROW, ROW_LENGTH, Face, FaceTrack
from faces.lips_track import PLACE_LENGTH, LipsTrack, as_record

COLUMNS = 3 + ROW_LENGTH
STARTS_SHOT_COLUMN, PEOPLE_COLUMN, COVERED_COLUMN, FACE_COLUMNS = 0, 1, 2, slice(3, COLUMNS)

Rows = NDArray[np.float64]  # (frames, COLUMNS)
TABLE = np.dtype(
    [
        ("row", "<f8", (COLUMNS,)),
        ("place", "<f4", (PLACE_LENGTH,)),
        ("steps", "<i2", (POINTS, 2)),
    ]
)


@dataclass(frozen=True)
class Sighting:
    """The followed face in one picture."""

    face: Face | None
    starts_shot: bool  # the face's motion is not continued from the picture before
    people: int = 0  # certain faces at the last detection of this shot
    covered: bool = False  # the face is there, its mouth not to be seen: turned away or covered


@dataclass(frozen=True, eq=False)
class Sightings:
    """A sighting for each picture, stored as numbers: an hour takes 57 MB, 44 of them for lips."""

    table: NDArray[np.void]  # (frames,) of TABLE

    def __post_init__(self) -> None:
        if self.table.dtype != TABLE or self.table.ndim != 1:
            raise ValueError("no sightings")
        flags, people = self.rows[:, [STARTS_SHOT_COLUMN, COVERED_COLUMN]], self.rows[:, 1]
        if not np.isin(flags, (0, 1)).all():
            raise ValueError("no sightings")
        if not np.isfinite(people).all() or not (people >= 0).all():
            raise ValueError("no number of people")

    @classmethod
    def of(cls, sightings: Iterable[Sighting]) -> "Sightings":
        """Collect the sightings without ever holding more than one as an object."""
        return cls(np.fromiter(map(_as_record, sightings), TABLE))

    @property
    def rows(self) -> Rows:
        return np.asarray(self.table["row"], np.float64)

    @property
    def track(self) -> FaceTrack:
        """The faces; the numbers are shared."""
        lips = LipsTrack(self.table["place"], self.table["steps"])
        return FaceTrack(self.rows[:, FACE_COLUMNS], lips if lips.has_lips.any() else None)

    @property
    def starts_shot(self) -> NDArray[np.bool_]:
        return np.asarray(self.rows[:, STARTS_SHOT_COLUMN] == 1)

    @property
    def people(self) -> NDArray[np.int64]:
        return self.rows[:, PEOPLE_COLUMN].astype(np.int64)

    @property
    def covered(self) -> NDArray[np.bool_]:
        """(frames,): whether the face is there without a mouth to be seen."""
        return np.asarray(self.rows[:, COVERED_COLUMN] == 1)

    def __len__(self) -> int:
        return len(self.table)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sightings) or not np.array_equal(self.rows, other.rows, True):
            return False
        return self.track == other.track

    def __iter__(self) -> Iterator[Sighting]:
        for row, face in zip(self.rows, self.track, strict=True):
            yield Sighting(face, bool(row[0]), int(row[1]), bool(row[2]))


def _as_record(sighting: Sighting) -> tuple[object, ...]:
    face = sighting.face
    row = face.as_row() if face else NO_FACE_ROW
    facts = [sighting.starts_shot, sighting.people, sighting.covered]
    return [*facts, *row], *as_record(face.lips if face else None)
