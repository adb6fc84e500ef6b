"""Parts of a frame's planes: samples that each cover one or more pixels."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Rect

Floats = NDArray[np.float32]
Samples = NDArray[Any]  # (rows, columns) of uint8 or uint16


@dataclass(frozen=True, eq=False)
class PlanePart:
    """The samples that a rectangle touches, of planes of one resolution."""

    samples: tuple[Samples, ...]  # of each plane, not to be written to
    from_bgr: NDArray[np.float64]  # (planes, 4): to samples from B, G, R in 0..255 and 1
    rect: Rect  # of pixels of the frame
    cell: tuple[int, int]  # width and height of a sample in pixels
    frame_size: tuple[int, int]  # width and height

    @property
    def is_luma(self) -> bool:
        return len(self.samples) == 1

    @property
    def covered(self) -> Rect:
        """The pixels that the samples cover: whole cells, even beyond the frame's border."""
        (across, along), rect = self.cell, self.rect
        return Rect(
            rect.top // along * along,
            -(-rect.bottom // along) * along,
            rect.left // across * across,
            -(-rect.right // across) * across,
        )

    def cell_means(self, pixels: Floats) -> Floats:
        """The mean of values of the rectangle's pixels over each sample's cell.

        Pixels outside the rectangle count as 0, those outside the frame do not count.
        """
        if self.cell == (1, 1):
            return pixels
        rect, covered = self.rect, self.covered
        sides = (
            rect.top - covered.top,
            covered.bottom - rect.bottom,
            rect.left - covered.left,
            covered.right - rect.right,
        )
        if any(sides):
            pixels = cv2.copyMakeBorder(pixels, *sides, cv2.BORDER_CONSTANT, value=(0, 0, 0))  # type: ignore[assignment]
        (width, height), (across, along) = covered.size, self.cell
        size = width // across, height // along
        means = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
        means[-1:] *= _last_cell_factor(covered.bottom, self.frame_size[1], along)
        means[:, -1] *= _last_cell_factor(covered.right, self.frame_size[0], across)
        return means


def _last_cell_factor(end: int, limit: int, cell: int) -> float:
    """From the mean over `cell` pixels that end at `end` to that over those before `limit`."""
    return cell / (cell - max(0, end - limit))
