"""Frames of a larger size."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from stages.names import FACTORS, UPSCALERS
from stages.network_upscale import load_network_upscale
from stages.stage import OutputFrame, Stage, StageScene, VideoFormat
from video.yuv import Frame, Plane, frame_from_planes, keep_default_matrix

INTERPOLATIONS: Mapping[str, int] = dict(
    zip(UPSCALERS, (cv2.INTER_LANCZOS4, cv2.INTER_LINEAR, cv2.INTER_NEAREST), strict=True)
)


@dataclass(frozen=True)
class UpscaleSettings:
    """How much larger, and by what."""

    factor: int
    upscaler: str | Path = UPSCALERS[0]  # one of INTERPOLATIONS, or a network's file
    half: bool = False

    def __post_init__(self) -> None:
        known = isinstance(self.upscaler, Path) or self.upscaler in INTERPOLATIONS
        if self.factor not in FACTORS or not known:
            raise ValueError(f"nothing enlarges {self.factor} times by {self.upscaler}")


@dataclass(frozen=True)
class Upscale:
    """Enlarges every plane by itself."""

    factor: int
    interpolation: int  # of OpenCV

    def output(self, format: VideoFormat) -> VideoFormat:
        width, height = format.width * self.factor, format.height * self.factor
        return VideoFormat(width, height, format.fps)

    def __call__(self, frames: Iterator[OutputFrame], /) -> Iterator[OutputFrame]:
        last: tuple[Frame, Frame] | None = None
        for output in frames:
            if last is None or last[0] is not output.frame:
                last = output.frame, upscaled(output.frame, self.factor, self.interpolation)
            face = None if output.face is None else output.face.scaled(self.factor)
            yield replace(output, frame=last[1], face=face)


def load_upscale(settings: UpscaleSettings, scene: StageScene) -> Stage:
    """EngineError for a file whose network does not enlarge so much."""
    if isinstance(settings.upscaler, Path):
        return load_network_upscale(settings.upscaler, settings.factor, settings.half, scene)
    return Upscale(settings.factor, INTERPOLATIONS[settings.upscaler])


def plain_upscale(settings: UpscaleSettings) -> Stage:
    """The same without a network."""
    return Upscale(settings.factor, INTERPOLATIONS[UPSCALERS[0]])


def upscaled(frame: Frame, factor: int, interpolation: int) -> Frame:
    """The frame at `factor` times its size, in its own layout."""
    layout = frame.layout
    width, height = frame.width * factor, frame.height * factor
    chroma_size = -(-width >> layout.log2_chroma_w), -(-height >> layout.log2_chroma_h)
    sizes = [(width, height), chroma_size, chroma_size]
    planes = [
        _enlarged(plane, factor, interpolation, layout.max_value)[: size[1], : size[0]]
        for plane, size in zip(frame.planes(), sizes, strict=False)
    ]
    larger = frame_from_planes(planes, layout, frame)
    keep_default_matrix(larger, frame)
    return larger


def _enlarged(plane: Plane, factor: int, interpolation: int, max_value: int) -> Plane:
    enlarged = cv2.resize(plane, None, fx=factor, fy=factor, interpolation=interpolation)
    return np.asarray(np.minimum(enlarged, max_value), plane.dtype)
