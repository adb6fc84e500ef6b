"""The interface and the settings of face detectors."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from base.errors import UsageError
from base.geometry import Picture
from faces.face import Face


class Detector(Protocol):
    """Finds the faces of a picture (uint8 BGR); boxes and landmarks are in its pixels."""

    def detect(self, picture: Picture, /) -> list[Face]:
        """Return all faces, best first."""

    def refine(self, picture: Picture, face: Face, /) -> Face | None:
        """Return the same face in a picture shortly after, None if it is no longer visible."""


@dataclass(frozen=True)
class DetectorSettings:
    """The settings that a detector is loaded with."""

    batch_size: int = 16  # crops in one batch of a network
    device: str = "cpu"  # a torch device, for sfd; mtcnn always runs on the CPU, where it is faster
    cache: Path | None = None  # where compiled networks are kept

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise UsageError(f"the face detector's batch size is {self.batch_size}: 1 or more")
