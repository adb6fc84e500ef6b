"""What a generator is given: some frames' sound and faces."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from base.geometry import Rect

SIDE = 96  # the network's faces and patches are SIDE x SIDE
WHOLE = Rect(0, SIDE, 0, SIDE)
COLUMNS = 16  # mel columns that a frame's mouth is made from
BANDS = 80

Floats = NDArray[np.float32]
Patches = NDArray[np.uint8]  # (n, 96, 96, 3) BGR


@dataclass(frozen=True)
class Batch:
    """Frames of one face in the order of time; where pauses are gated, not every one."""

    mels: NDArray[np.float32]  # (n, 80, 16)
    faces: Patches
    landmarks: NDArray[np.float32]  # (n, 5, 2) x, y in patch pixels: eyes, nose, mouth corners

    def __post_init__(self) -> None:
        n = len(self.mels)
        shapes = (self.mels.shape, self.faces.shape, self.landmarks.shape)
        if n == 0 or shapes != ((n, BANDS, COLUMNS), (n, SIDE, SIDE, 3), (n, 5, 2)):
            raise ValueError(f"a batch needs equally many mels, faces and landmarks, got {shapes}")

    def __len__(self) -> int:
        return len(self.mels)


Generator = Callable[[Iterable[Batch]], Iterator[Patches]]
"""One array of patches for each batch, in order. A stream: it may look ahead or remember."""


def laid_into(faces: Patches, part: Patches, shown: Rect) -> Patches:
    """New patches: the faces, with `part` where it is shown."""
    rows, columns = shown.slices
    patches = faces.copy()
    patches[:, rows, columns] = part
    return patches


def only_shown(patches: Patches, faces: Patches, shown: Rect) -> Patches:
    """The patches where they are shown, the faces around it."""
    if shown == WHOLE:
        return patches
    rows, columns = shown.slices
    return laid_into(faces, patches[:, rows, columns], shown)
