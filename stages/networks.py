"""What a network from pictures to pictures is, whatever file and engine it comes from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from base.errors import EngineError, OutOfMemoryError
from base.geometry import Region
from base.memory import is_out_of_memory
from base.text import one_line

Floats = NDArray[np.float32]
Pictures = NDArray[np.float32]  # (n, 3, height, width) RGB in 0..1
Size = tuple[int, int]  # width, height
Run = Callable[[Pictures], Pictures]

WAY_OUT = "get the network's file"


@dataclass(frozen=True)
class ImageNetworkFile:
    """The user's file, and how its network is to be run."""

    path: Path
    size: Size  # of the pictures it is to take
    signed: bool = False  # an ONNX network takes and gives -1..1, not 0..1
    device: str = "auto"
    half: bool = False

    def error(self, words: str) -> EngineError:
        return EngineError(f"{self.path}: {one_line(words)}")


@dataclass(frozen=True, eq=False)
class ImageNetwork:
    """RGB to RGB: pictures of one size, and as many pictures of `scale` times the size."""

    path: Path
    kind: str  # of network, and what computes it: for the report
    size: Size
    scale: int
    run: Run  # of exactly `together` pictures
    together: int = 1

    def __call__(self, pictures: Pictures) -> Pictures:
        """As many pictures as wanted; EngineError where the network gives what is none."""
        made = [self._checked(part, count) for part, count in self._parts(pictures)]
        return np.concatenate(made)

    def _parts(self, pictures: Pictures) -> Iterator[tuple[Pictures, int]]:
        """Full batches, the last one filled by repeating, and how many of each count."""
        for start in range(0, len(pictures), self.together):
            part = pictures[start : start + self.together]
            missing = self.together - len(part)
            filled = np.concatenate([part, *[part[-1:]] * missing]) if missing else part
            yield filled, len(part)

    def _checked(self, pictures: Pictures, count: int) -> Pictures:
        try:
            made = self.run(pictures)[:count]
        except RuntimeError as error:
            raise run_error(self.path, error) from error
        width, height = self.size
        if made.shape[1:] != (3, height * self.scale, width * self.scale):
            raise EngineError(f"{self.path}: gave pictures of {made.shape}")
        if not np.isfinite(made).all():
            raise EngineError(f"{self.path}: the network gave what is no number; {WAY_OUT} again")
        return np.clip(made, 0, 1)


def run_error(path: Path, error: RuntimeError) -> EngineError | OutOfMemoryError:
    """What the user is told of an engine's own error."""
    if is_out_of_memory(error):
        return OutOfMemoryError(f"{path}: too little memory to run this network")
    return EngineError(f"{path}: the network cannot be run: {one_line(first_line(error))}")


def first_line(error: Exception) -> str:
    """The beginning of a library's message, which may be pages."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def pictures_of(regions: list[Region]) -> Pictures:
    """BGR in 0..255 as a network takes it."""
    rgb = np.stack(regions)[..., ::-1].transpose(0, 3, 1, 2)
    return np.ascontiguousarray(rgb, np.float32) * np.float32(1 / 255)


def region_of(picture: Floats) -> Region:
    """One of a network's pictures, (3, height, width), as BGR in 0..255."""
    bgr = picture[::-1].transpose(1, 2, 0) * np.float32(255)
    return np.ascontiguousarray(bgr, np.float32)


def scale_between(size: Size, larger: Size) -> int | None:
    """How many times as large, if it is that in both directions."""
    scale = larger[0] // size[0]
    return scale if scale and larger == (size[0] * scale, size[1] * scale) else None
