"""Move the pixels of a frame along a field, in the frame's own planes and only where it moves."""

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.animate.field import Field
from stages.animate.zones import Grid, read_at
from video.yuv import Frame, copy_av_frame

Cell = tuple[int, int]  # pixels wide and high that a sample is


def warped(frame: Frame, grid: Grid, backward: Field) -> Frame:
    """The frame with each sample of the grid's rectangle taken from where the field says.

    Where the field is 0 a sample stays as it is.
    """
    moved = Frame(copy_av_frame(frame.av_frame), frame.aspect)
    places, layout = grid.places + backward, frame.layout
    maps = {cell: _map(grid, places, cell) for cell in {(1, 1), layout.cell}}
    for index, (source, target) in enumerate(zip(frame.planes(), moved.planes(), strict=True)):
        cell, how = (layout.cell, cv2.INTER_LINEAR) if index else ((1, 1), cv2.INTER_CUBIC)
        samples = read_at(source, maps[cell], how)
        if layout.bits not in (8, 16):  # sharp edges overshoot
            samples = np.minimum(samples, layout.max_value)
        rows, columns = samples.shape
        top, left = grid.rect.top // cell[1], grid.rect.left // cell[0]
        target[top : top + rows, left : left + columns] = samples
    return moved


def _map(grid: Grid, places: NDArray[np.float32], cell: Cell) -> NDArray[np.float32]:
    """For every sample of the grid's rectangle where it is read in its plane.

    The places themselves are enlarged with the field, which is exact: they lie on a plane.
    """
    (columns, rows), (across, along) = grid.size, cell
    samples = places / np.array(cell, np.float32) - np.float32(0.5)
    width, height = columns * grid.cell // across, rows * grid.cell // along
    large = cv2.resize(samples, (width, height), interpolation=cv2.INTER_LINEAR)
    left, top = grid.cell // across, grid.cell // along
    wide, high = -(-grid.rect.size[0] // across), -(-grid.rect.size[1] // along)
    return np.asarray(large[top : top + high, left : left + wide], np.float32)
