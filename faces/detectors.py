"""Ways to find faces: name -> loader."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from errors import UsageError
from faces.face import Face
from geometry import Picture


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


def load_mtcnn(settings: DetectorSettings) -> Detector:
    from faces.mtcnn import Mtcnn

    return Mtcnn(settings.batch_size)


def load_sfd(settings: DetectorSettings) -> Detector:
    from faces.sfd import Sfd, boxes_by_sfd

    return Sfd(boxes_by_sfd(settings.device), load_mtcnn(settings))


DETECTORS: dict[str, Callable[[DetectorSettings], Detector]] = {
    "mtcnn": load_mtcnn,
    "sfd": load_sfd,
}
