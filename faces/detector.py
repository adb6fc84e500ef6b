"""What every way to find faces does, and is loaded with."""

from dataclasses import dataclass
from typing import Protocol

from base.errors import UsageError
from base.geometry import Picture
from faces.face import Face


class Detector(Protocol):
    """Finds the faces of a picture (uint8 BGR); boxes and landmarks are in its pixels."""

    def detect(self, picture: Picture, /) -> list[Face]:
        """All faces, best first."""

    def refine(self, picture: Picture, face: Face, /) -> Face | None:
        """The same face in a picture shortly after, if it is still seen there."""


@dataclass(frozen=True)
class DetectorSettings:
    """What a detector is loaded with."""

    batch_size: int = 16  # cut-outs that a network looks at together
    device: str = "cpu"  # for sfd, as torch names it; mtcnn is fastest on the CPU

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise UsageError(f"the face detector's batch size is {self.batch_size}: 1 or more")
