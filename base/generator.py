"""The batches that a generator takes and the patches that it makes."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from base.geometry import Rect
from base.lips import POINTS
from base.packing import BGR_PIXELS, Packing

SIDE = 96  # Wav2Lip's faces and patches are SIDE x SIDE
WHOLE_PATCH = Rect(0, SIDE, 0, SIDE)
COLUMNS = 16  # mel columns in a frame's window, 0.2 s
BANDS = 80  # mel bands

Floats = NDArray[np.float32]
Patches = NDArray[Any]  # n pictures: (n, height, width, 3) BGR of uint8, or as they are packed


@dataclass(frozen=True)
class Batch:
    """Source faces and windows of n frames of one face, in the order of time.

    Where silence is gated, frames may be left out.
    """

    mels: NDArray[np.float32]  # (n, 80, 16)
    faces: Patches  # the source faces
    landmarks: NDArray[np.float32]  # (n, 5, 2) x, y in patch pixels: eyes, nose, mouth corners
    lips: NDArray[np.float32] | None = None  # (n, POINTS, 2) in patch pixels, NaN where unseen
    rest_gap: float = 0.0  # of a silent person's lips, in the puppet's unit
    times: NDArray[np.float64] | None = None  # (n,) seconds of the sound that each frame shows
    packing: Packing = BGR_PIXELS  # of faces, and of their patches

    def __post_init__(self) -> None:
        n = len(self.mels)
        if self.lips is not None and self.lips.shape != (n, POINTS, 2):
            raise ValueError(f"a batch of {n} needs as many lips, got {self.lips.shape}")
        if self.times is not None and self.times.shape != (n,):
            raise ValueError(f"a batch of {n} needs as many times, got {self.times.shape}")
        shapes = (self.mels.shape, self.faces.shape, self.landmarks.shape)
        if len(self.faces) != n or not all(map(self.packing.holds, self.faces)):
            raise ValueError(f"a batch of {n} needs as many pictures, got {self.faces.shape}")
        if n == 0 or shapes != ((n, BANDS, COLUMNS), self.faces.shape, (n, 5, 2)):
            raise ValueError(f"a batch needs equally many mels, faces and landmarks, got {shapes}")

    def __len__(self) -> int:
        return len(self.mels)


Generator = Callable[[Iterable[Batch]], Iterator[Patches]]
"""Yields one array of patches for each batch, in order.

It may take some batches ahead, and a patch may depend on the batches before it.
"""


def paste_part(faces: Patches, part: Patches, visible: Rect) -> Patches:
    """Return the faces with `part` in the visible rect; `faces` is not changed."""
    rows, columns = visible.slices
    patches = faces.copy()
    patches[:, rows, columns] = part
    return patches


def keep_visible(patches: Patches, faces: Patches, visible: Rect) -> Patches:
    """Return the patches inside the visible rect and the faces around it."""
    if visible.size == patches.shape[2:0:-1]:
        return patches
    rows, columns = visible.slices
    return paste_part(faces, patches[:, rows, columns], visible)
