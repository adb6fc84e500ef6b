"""Frames between two frames by a user's network, such as RIFE as ONNX.

It takes two RGB pictures of 0..1 and a time step of 0..1, and gives the picture between: as three
inputs, or as one of 7 channels (both pictures, a plane of the time step) or 8 (a plane of the
scale, 1, behind them).
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from base.errors import EngineError
from base.geometry import Box, Rect
from base.network_file import NetworkFile, RunningNetwork, read_network
from base.openvino import ov
from stages.rate.flow import FrameAt, are_alike
from video.yuv import Frame

SIDE = 64  # newer networks halve their pictures so often; older ones need 32
CHANNELS = 3
JOINED = (7, 8)  # channels of a single input

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class NetworkInterpolator:
    """A network compiled for frames of one size."""

    network: RunningNetwork
    size: tuple[int, int]  # (width, height) of the frames

    def __call__(self, first: Frame, second: Frame) -> FrameAt:
        """Frames between two; none where they are not of the network's size, or it fails."""
        if not are_alike(first, second) or (first.width, first.height) != self.size:
            return lambda part, face: None
        pictures = [_padded(frame, self._padded_size) for frame in (first, second)]

        def at(part: float, face: Box | None) -> Frame | None:
            try:
                region = self._region(pictures, part)
            except EngineError:  # what is no number: for this pair alone, perhaps
                return None
            nearer = second if part >= 0.5 else first
            return nearer.with_region(Rect(0, nearer.height, 0, nearer.width), region)

        return at

    @property
    def _padded_size(self) -> tuple[int, int]:
        height, width = picture_shape(self.network.file.model)[2:]
        return width, height

    def _region(self, pictures: list[Floats], part: float) -> Floats:
        """The picture between as BGR in 0..255."""
        (made, *_) = self.network(*_inputs(self.network.file.model, pictures, part))
        width, height = self.size
        picture = made[0, ::-1, :height, :width].transpose(1, 2, 0)
        return np.ascontiguousarray((picture * 255).clip(0, 255), np.float32)


def load_interpolator(path: Path, first: Frame) -> NetworkInterpolator:
    """Compile it for frames like this one, and try it; EngineError for any other network."""
    file = read_network(path)
    _check_inputs(file)
    _fit(file, first.width, first.height)
    network = file.compiled()
    interpolator = NetworkInterpolator(network, (first.width, first.height))
    pictures = [_padded(first, interpolator._padded_size)] * 2
    (made, *_) = network(*_inputs(file.model, pictures, 0.5))
    if made.shape != pictures[0].shape:
        raise file.error(f"gave pictures of {made.shape} for {pictures[0].shape}: {OTHER}")
    return interpolator


OTHER = "no network that makes a frame between two from both and a time step"


def _check_inputs(file: NetworkFile) -> None:
    shapes = [port.get_partial_shape() for port in file.model.inputs]
    channels = [_channels(shape) for shape in shapes]
    joined = len(shapes) == 1 and channels[0] in JOINED
    if not joined and not (len(shapes) == CHANNELS and channels[:2] == [CHANNELS] * 2):
        raise file.error(f"is {OTHER}: its inputs are {', '.join(map(str, shapes))}")


def _channels(shape: ov.PartialShape) -> int | None:
    """Of pictures; None for anything else."""
    if shape.rank.is_dynamic or len(shape) != 4 or shape[1].is_dynamic:
        return None
    return int(shape[1].get_length())


def _fit(file: NetworkFile, width: int, height: int) -> None:
    """Fix the sizes that are open to the frame's, padded; those that are fixed must hold it."""
    height, width = (
        _side(file, side, dimension)
        for side, dimension in zip((height, width), _dimensions(file.model), strict=True)
    )
    shapes = {}
    for index, port in enumerate(file.model.inputs):
        channels = _channels(port.get_partial_shape())
        if channels in (CHANNELS, *JOINED):
            shapes[index] = [1, int(channels or 0), height, width]
        else:
            shapes[index] = _step_shape(port.get_partial_shape(), height, width)
    file.reshape(shapes)


def _dimensions(model: ov.Model) -> list[ov.Dimension]:
    shape = model.inputs[0].get_partial_shape()
    return [shape[2], shape[3]]


def _side(file: NetworkFile, side: int, dimension: ov.Dimension) -> int:
    if dimension.is_dynamic:
        return -(-side // SIDE) * SIDE
    length = int(dimension.get_length())
    if length < side:
        raise file.error(f"is made for pictures with a side of {length}, not {side}")
    return length


def _step_shape(shape: ov.PartialShape, height: int, width: int) -> list[int]:
    """A time step of any rank: one number, or a plane where the file leaves its sides open."""
    if shape.rank.is_dynamic:
        return [1]
    plane = len(shape) == 4 and shape[3] != ov.Dimension(1)
    return [1, 1, height, width] if plane else [1] * len(shape)


def picture_shape(model: ov.Model) -> tuple[int, ...]:
    """(n, channels, height, width) of the first input."""
    return tuple(int(side) for side in model.inputs[0].get_shape())


def _inputs(model: ov.Model, pictures: list[Floats], part: float) -> list[Floats]:
    if len(model.inputs) == CHANNELS:
        step = np.full(tuple(model.inputs[2].get_shape()), part, np.float32)
        return [*pictures, step]
    _, channels, height, width = picture_shape(model)
    planes = np.full((1, 1, height, width), part, np.float32)
    scale = [np.ones_like(planes)] if channels == JOINED[1] else []
    return [np.concatenate([*pictures, planes, *scale], axis=1)]


def _padded(frame: Frame, size: tuple[int, int]) -> Floats:
    """(1, 3, height, width) RGB in 0..1, the border repeated to the right and below."""
    right, below = size[0] - frame.width, size[1] - frame.height
    picture = frame.region(Rect(0, frame.height, 0, frame.width))
    padded = cv2.copyMakeBorder(picture, 0, below, 0, right, cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(padded[None, ..., ::-1].transpose(0, 3, 1, 2) / 255, np.float32)
