"""Which frame of a video shows a head in the pose of a photo's."""

from collections.abc import Iterable

import cv2
import numpy as np

from base.geometry import AnyPoints, Points


def nearest_pose(photo: AnyPoints, frames: Iterable[AnyPoints | None]) -> int | None:
    """The index of the frame whose points lie most like the photo's; None without any points."""
    wanted = normalised(photo)
    distances = [
        np.inf if points is None else float(((normalised(points) - wanted) ** 2).sum())
        for points in frames
    ]
    best = int(np.argmin(distances)) if distances else 0
    return best if distances and np.isfinite(distances[best]) else None


def normalised(points: AnyPoints) -> Points:
    """About their mean, in units of the root of their hull's area: without place and size."""
    area = cv2.contourArea(cv2.convexHull(np.ascontiguousarray(points, np.float32)))
    centred = points - points.mean(0)
    return np.asarray(centred / max(float(area), 1e-9) ** 0.5, np.float64)
