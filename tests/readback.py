"""What a written video shows, read without any of our own code."""

from pathlib import Path

import av
import numpy as np


def frames_of(path: Path) -> list[np.ndarray]:
    """Every frame as BGR."""
    with av.open(str(path)) as video:
        return [frame.to_ndarray(format="bgr24") for frame in video.decode(video=0)]


def planes_of(path: Path) -> list[list[np.ndarray]]:
    """Every frame's planes as they are stored."""
    with av.open(str(path)) as video:
        return [list(map(_samples, _planes(frame))) for frame in video.decode(video=0)]


def _planes(frame: av.VideoFrame) -> list[tuple[av.video.plane.VideoPlane, bool]]:
    wide = frame.format.components[0].bits > 8
    return [(plane, wide) for plane in frame.planes]


def _samples(plane_and_depth: tuple[av.video.plane.VideoPlane, bool]) -> np.ndarray:
    plane, wide = plane_and_depth
    kind = np.dtype(np.uint16 if wide else np.uint8)
    rows = np.frombuffer(plane, kind).reshape(plane.height, -1)
    return rows[:, : plane.width].copy()
