"""SadTalker's networks, the user's own: found, checked, and run on arrays."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from networks.loading import require_torch
from networks.running import Run
from sadtalker.alignment import SIDE as ALIGNED_SIDE
from sadtalker.coefficients import EXPRESSION, POSE, POSE_BLOCK, POSE_NOISE
from sadtalker.geometry import POINTS, Motion, degrees_of
from sadtalker.manner import STYLES

Floats = NDArray[np.float32]
Picture = NDArray[np.float32]  # (height, width, 3) RGB in 0..1

BATCH = 64  # windows that small networks hear together
FLAG = "--animate sadtalker"


@dataclass(frozen=True, eq=False)
class SourceFeatures:
    """What the generator keeps of the source picture."""

    volume: Floats  # (1, 32, 16, size/4, size/4)
    compressed: Floats  # (1, 4, 16, size/4, size/4)


@dataclass(frozen=True, eq=False)
class Networks:
    """The networks, ready to run."""

    size: int  # pixels of the pictures' sides: 256 or 512
    reconstruction: Run
    expression: Run
    pose: Run
    key_points: Run
    mapping: Run
    encoder: Run
    generator: Run

    def coefficients(self, picture: Picture) -> Floats:
        """(257,) of a face aligned to 224 pixels."""
        return _first(self.reconstruction(_planes(picture, ALIGNED_SIDE)))

    def expressions(self, windows: Floats, source: Floats, blinks: Floats) -> Floats:
        """(T, 80, 16) heard, (64,) or (T, 64) of the source, (T,) in 0..1 -> (T, 64)."""
        seen = np.broadcast_to(source, (len(windows), EXPRESSION))
        made = [
            self.expression(windows[part, None], seen[part], blinks[part, None])[0]
            for part in _parts(len(windows), BATCH)
        ]
        return np.concatenate(made)

    def poses(self, windows: Floats, source: Floats, style: int, noise: Floats) -> Floats:
        """(T, 80, 16) heard, (6,) of the source, a style, (blocks, 64) -> (T, 6), not yet smooth.

        The first frame has the source's pose. The others come in blocks of 32, each of its own
        noise; of the last one's 32, which may have begun before, those that are new.
        """
        heard = windows[1:]
        if noise.shape != (pose_blocks(len(windows)), POSE_NOISE) or not 0 <= style < STYLES:
            raise ValueError(f"poses of style {style} by noise of {noise.shape}")
        motions: list[Floats] = [np.zeros((1, POSE), np.float32)]
        for start, drawn in zip(range(0, len(heard), POSE_BLOCK), noise, strict=True):
            end = min(start + POSE_BLOCK, len(heard))
            block = _block(heard, end)
            inputs = block[:, None], source[None], drawn[None], np.array([style])
            motions.append(self.pose(*inputs)[0][start - end :])
        return np.asarray(source + np.concatenate(motions), np.float32)

    def canonical_points(self, picture: Picture) -> Floats:
        """(15, 3): the key points, before pose and expression move them."""
        return _first(self.key_points(_planes(picture, self.size)))

    def motion(self, windows: Floats) -> Motion:
        """(n, 70 or 73, 27) coefficients around each of n frames."""
        made = [self.mapping(windows[part]) for part in _parts(len(windows), BATCH)]
        yaw, pitch, roll, shift, offsets = map(np.concatenate, zip(*made, strict=True))
        angles = degrees_of(yaw), degrees_of(pitch), degrees_of(roll)
        return Motion(*angles, shift, offsets.reshape(-1, POINTS, 3))

    def source_features(self, picture: Picture) -> SourceFeatures:
        """What all frames take from the source picture, computed once."""
        return SourceFeatures(*self.encoder(_planes(picture, self.size)))

    def picture(self, features: SourceFeatures, own: Floats, wanted: Floats) -> Picture:
        """(15, 3) of the source and (n, 15, 3) of the frames -> (n, size, size, 3)."""
        made = [
            self.generator(features.volume, features.compressed, own[None], points[None])[0]
            for points in wanted
        ]
        return np.concatenate(made).transpose(0, 2, 3, 1)


def pose_blocks(frames: int) -> int:
    """How many rows of noise the poses of so many frames take."""
    return -(-max(frames - 1, 0) // POSE_BLOCK)


def load_networks(folder: Path, size: int, full: bool, device: str, half: bool) -> Networks:
    """Find the files, check and fill the networks; EngineError, in a line, for what does not fit.

    `full` takes the mapping of whole pictures (73 coefficients), else that of crops (70).
    """
    require_torch(FLAG)
    from sadtalker.loading import load_runs  # torch

    return Networks(size, **load_runs(folder, size, full, device, half))


def _first(made: tuple[Floats, ...]) -> Floats:
    """The first output, of one picture."""
    return np.asarray(made[0][0])


def _planes(picture: Picture, side: int) -> Floats:
    """(side, side, 3) -> (1, 3, side, side)."""
    if picture.shape != (side, side, 3):
        raise ValueError(f"a picture of {picture.shape}, not {side} pixels a side")
    return np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32)


def _parts(count: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def _block(windows: Floats, end: int) -> Floats:
    """The 32 windows before the end; the first one is repeated where there are fewer."""
    places = np.arange(end - POSE_BLOCK, end)
    return np.asarray(windows[places.clip(0)])
