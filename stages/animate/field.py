"""A pose as a smooth field: where each place of the portrait goes, and what comes from where."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from base.geometry import Points
from stages.animate.pose import Pose
from stages.animate.zones import Grid, Zones, read_at

Field = NDArray[np.float32]  # (rows, columns, 2): pixels by which the cells of a grid move

HEAD_RISES = 0.45  # of the breath's way at the shoulders
SHOULDERS_FOLLOW = 0.25  # of the head's way to a side
ROUNDS = 3  # of looking where a place came from


@dataclass(frozen=True, eq=False)
class Puller:
    """The fields of a portrait's poses, its zones multiplied out once."""

    zones: Zones

    @property
    def grid(self) -> Grid:
        return self.zones.grid

    @cached_property
    def _shares(self) -> NDArray[np.float32]:
        """(2, 6, cells): for x and y, what a unit of each of six numbers moves."""
        zones = self.zones
        away = self.grid.places - zones.pivot.astype(np.float32)
        head, depth = zones.head, zones.depth
        flat = [head * away[..., 0], head * away[..., 1], head * depth, head]
        maps = np.stack([*flat, zones.torso, zones.brows]).reshape(6, -1)
        free = np.ascontiguousarray(zones.free.transpose(2, 0, 1)).reshape(2, 1, -1)
        return np.asarray(maps[None] * free, np.float32)

    def forward(self, pose: Pose) -> Field:
        """By how much what is in each cell moves."""
        columns, rows = self.grid.size
        numbers = self._numbers(pose)
        moves = np.matmul(numbers[:, None], self._shares)
        return np.ascontiguousarray(moves.reshape(2, rows, columns).transpose(1, 2, 0))

    def _numbers(self, pose: Pose) -> NDArray[np.float32]:
        """(2, 6): a row for x and one for y: turned by x, y and depth, shifted, breath, brows."""
        unit = self.zones.unit
        turn = pose.rotation[:2] - np.eye(2, 3)
        x, y = pose.x * unit, (pose.y - HEAD_RISES * pose.breath) * unit
        brow = -self.zones.down * (pose.brow * unit)
        across = [*turn[0], x, SHOULDERS_FOLLOW * x, brow[0]]
        along = [*turn[1], y, -pose.breath * unit, brow[1]]
        return np.array([across, along], np.float32)

    def backward(self, forward: Field) -> Field:
        """From each cell, where what is seen there after the motion came from."""
        field = -forward
        for _ in range(ROUNDS):
            places = self._cells + field / np.float32(self.grid.cell)
            field = -read_at(forward, places, cv2.INTER_LINEAR)
        return field

    @cached_property
    def _cells(self) -> NDArray[np.float32]:
        columns, rows = self.grid.size
        return np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).astype(np.float32)

    def moved(self, points: Points, forward: Field) -> Points:
        """Points of the picture after the motion."""
        places = self.grid.to_cells(points)[None]
        columns, rows = self.grid.size
        last = np.array([columns - 1, rows - 1], np.float32)
        inside = np.all((places >= 0) & (places <= last), axis=-1).ravel()
        ways = read_at(forward, places, cv2.INTER_LINEAR)
        return np.asarray(points + np.where(inside[:, None], ways[0], 0), np.float64)


def strain(field: Field, cell: int) -> NDArray[np.float32]:
    """(rows, columns): how much the picture becomes longer or shorter there, whatever it turns."""
    down, across = np.gradient(field, cell, axis=(0, 1))
    middle = (across[..., 0] + down[..., 1]) / 2
    apart = np.hypot((across[..., 0] - down[..., 1]) / 2, (across[..., 1] + down[..., 0]) / 2)
    return np.asarray(np.abs(middle) + apart, np.float32)


def area(field: Field, cell: int) -> NDArray[np.float32]:
    """(rows, columns): what a pixel's area becomes; 0 or less is a fold."""
    down, across = np.gradient(field, cell, axis=(0, 1))
    x = (1 + across[..., 0]) * (1 + down[..., 1])
    return np.asarray(x - across[..., 1] * down[..., 0], np.float32)
