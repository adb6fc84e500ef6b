"""A face, and one face through a clip."""

from collections.abc import Iterator
from dataclasses import dataclass

from geometry import Affine, Box, Landmarks


@dataclass(frozen=True)
class Face:
    """Where a face is, in the pixels of the picture it was found in."""

    box: Box  # forehead to chin, without the hair
    landmarks: Landmarks
    score: float  # the detector's belief, 0..1

    def __post_init__(self) -> None:
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"the score of a face lies between 0 and 1, not at {self.score}")

    def scaled(self, factor: float) -> "Face":
        """The same face in a picture that is `factor` times as large."""
        by = Affine(factor, 0.0, 0.0, 0.0, factor, 0.0)
        return Face(self.box.scaled(factor), self.landmarks.mapped(by), self.score)


@dataclass(frozen=True)
class FaceTrack:
    """One person through a clip: `faces[i]` is the face in source frame i, None where not seen."""

    faces: tuple[Face | None, ...]

    def __post_init__(self) -> None:
        if not all(face is None or isinstance(face, Face) for face in self.faces):
            raise TypeError("a track holds a Face or None for every frame")

    @property
    def found(self) -> int:
        """In how many frames the face is seen."""
        return sum(face is not None for face in self.faces)

    def scaled(self, factor: float) -> "FaceTrack":
        """The same track in pictures that are `factor` times as large."""
        return FaceTrack(tuple(face and face.scaled(factor) for face in self.faces))

    def __len__(self) -> int:
        return len(self.faces)

    def __iter__(self) -> Iterator[Face | None]:
        return iter(self.faces)

    def __getitem__(self, index: int) -> Face | None:
        return self.faces[index]
