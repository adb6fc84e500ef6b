"""Motion as key points: where they are, and how the picture turns around each."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

POINTS = 10
TABLE = np.dtype([("places", "<f4", (POINTS, 2)), ("jacobians", "<f4", (POINTS, 2, 2))])
SMALLEST = 1e-6  # area of a hull that has one

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class KeyPoints:
    """What the detector sees in a picture of a head."""

    places: Floats  # (10, 2) x, y in -1..1 of the picture, or beyond
    jacobians: Floats  # (10, 2, 2): how the picture around each is turned and stretched

    def __post_init__(self) -> None:
        if self.places.shape != (POINTS, 2) or self.jacobians.shape != (POINTS, 2, 2):
            raise ValueError(f"key points of {self.places.shape} and {self.jacobians.shape}")

    @property
    def are_numbers(self) -> bool:
        return bool(np.isfinite(self.places).all() and np.isfinite(self.jacobians).all())


@dataclass(frozen=True, eq=False)
class KeyPointTrack:
    """Key points of frame after frame, kept as numbers: an hour takes 22 MB."""

    table: NDArray[np.void]  # (frames,) of TABLE

    def __post_init__(self) -> None:
        if self.table.dtype != TABLE or not len(self.table):
            raise ValueError("a motion without key points")

    @classmethod
    def of(cls, frames: Iterable[KeyPoints]) -> "KeyPointTrack":
        return cls(np.fromiter(((one.places, one.jacobians) for one in frames), TABLE))

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, index: int) -> KeyPoints:
        row = self.table[index]
        return KeyPoints(row["places"], row["jacobians"])


def hull_area(places: Floats) -> float:
    """Of the convex hull, in the units of the places."""
    return float(cv2.contourArea(cv2.convexHull(np.ascontiguousarray(places, np.float32))))


def scale_between(own: KeyPoints, initial: KeyPoints) -> float:
    """How much larger the source's head is in its picture than the driving one was at first."""
    areas = hull_area(own.places), hull_area(initial.places)
    return float((areas[0] / areas[1]) ** 0.5) if min(areas) > SMALLEST else 1.0


def relative(own: KeyPoints, wanted: KeyPoints, initial: KeyPoints, scale: float) -> KeyPoints:
    """The source's points, moved as the driving ones have moved since `initial`."""
    moved = own.places + np.float32(scale) * (wanted.places - initial.places)
    turned = wanted.jacobians @ inverse(initial.jacobians) @ own.jacobians
    return KeyPoints(np.asarray(moved, np.float32), np.asarray(turned, np.float32))


def inverse(matrices: Floats) -> Floats:
    """Of (..., 2, 2); what is no number where there is none."""
    a, b, c, d = np.moveaxis(matrices.reshape(*matrices.shape[:-2], 4), -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        turned = np.stack((d, -b, -c, a), -1) / (a * d - b * c)[..., None]
    return np.asarray(turned.reshape(matrices.shape), np.float32)


def key_points_between(first: KeyPoints, second: KeyPoints, part: float) -> KeyPoints:
    """What lies after `part` of the way from one to the other."""
    share = np.float32(part)
    return KeyPoints(
        first.places + (second.places - first.places) * share,
        first.jacobians + (second.jacobians - first.jacobians) * share,
    )
