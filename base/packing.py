"""How a picture of several planes lies in one array."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from base.planes import Cell, Colors, Planes, Samples, plane_cells


class Packing(Protocol):
    """Of all pictures of one kind and size."""

    def holds(self, packed: NDArray[Any], /) -> bool:
        """Whether the array can be such a picture."""

    def pack(self, planes: Sequence[Samples], /) -> NDArray[Any]: ...

    def unpack(self, packed: NDArray[Any], /) -> Planes: ...


@dataclass(frozen=True)
class BgrPixels:
    """(height, width, 3): B, G and R of a pixel lie together."""

    def holds(self, packed: NDArray[Any]) -> bool:
        return packed.ndim == 3 and packed.shape[2] == 3

    def pack(self, planes: Sequence[Samples]) -> NDArray[Any]:
        return cv2.merge(planes)

    def unpack(self, packed: NDArray[Any]) -> Planes:
        return Planes.of_bgr(packed)


BGR_PIXELS = BgrPixels()


@dataclass(frozen=True, eq=False)
class PlaneAfterPlane:
    """(samples,): one plane after the other, row by row."""

    size: tuple[int, int]  # width and height in pixels: whole cells
    count: int  # of planes
    cell: Cell  # of all planes but the first
    colors: Colors

    def __post_init__(self) -> None:
        if any(side % cell for side, cell in zip(self.size, self.cell, strict=True)):
            raise ValueError(f"a picture of {self.size} is no whole number of cells of {self.cell}")

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Rows and columns of each plane."""
        width, height = self.size
        cells = plane_cells(self.cell, self.count)
        return [(height // along, width // across) for across, along in cells]

    def holds(self, packed: NDArray[Any]) -> bool:
        return packed.shape == (sum(map(prod, self.shapes)),)

    def pack(self, planes: Sequence[Samples]) -> NDArray[Any]:
        return np.concatenate([plane.ravel() for plane in planes])

    def unpack(self, packed: NDArray[Any]) -> Planes:
        planes, start = [], 0
        for shape in self.shapes:
            planes.append(packed[start : start + prod(shape)].reshape(shape))
            start += prod(shape)
        return Planes(tuple(planes), self.cell, self.colors)
