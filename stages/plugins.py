"""Stages of other packages: functions of plain values, none of which is ours.

A plug-in is a function `(argument, facts) -> change`. `argument` is the text that the user gave
with its name; `facts` is a dict with width, height, fps and still. It returns a function
`change(picture, moment) -> picture` that is called for every frame, in order: pictures are uint8
BGR of one size; `moment` is a dict with index and starts_shot, and of the face, or None,
box (top, bottom, left, right) and landmarks (5, 2: eyes, nose, corners of the mouth).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from base.geometry import Picture, Rect
from base.plugins import load_plugin, package_of, plugin_errors
from stages.stage import OutputFrame, Stage, StageScene, VideoFormat
from video.yuv import Frame

Change = Callable[[Picture, dict[str, Any]], Picture]


@dataclass(frozen=True)
class PluginSettings:
    """A stage of a plug-in, and what the user tells it."""

    name: str
    argument: str = ""


@dataclass(frozen=True)
class PluginStage:
    """Puts into each frame what the plug-in has changed of its picture."""

    name: str
    change: Change

    def output(self, format: VideoFormat) -> VideoFormat:
        return format

    def __call__(self, frames: Iterator[OutputFrame], /) -> Iterator[OutputFrame]:
        for output in frames:
            yield output.showing(self._changed(output))

    def _changed(self, output: OutputFrame) -> Frame:
        frame = output.frame
        before = frame.picture()
        with plugin_errors(self.name, package_of("stages", self.name)):
            after = np.asarray(self.change(before.copy(), moment_of(output)))
            if after.shape != before.shape or after.dtype != np.uint8:
                raise TypeError(
                    f"it returned {after.dtype} {after.shape}, not uint8 {before.shape}"
                )
        rect = changed_part(before, after)
        if rect is None:
            return frame
        part = np.subtract(after[rect.slices], before[rect.slices], dtype=np.float32)
        return frame.with_change(rect, part)


def load_plugin_stage(settings: PluginSettings, scene: StageScene) -> Stage:
    """EngineError if the plug-in fails to begin."""
    begin = load_plugin("stages", settings.name)
    format = scene.format
    facts = {"width": format.width, "height": format.height, "fps": float(format.fps)}
    with plugin_errors(settings.name, package_of("stages", settings.name)):
        change = begin(settings.argument, {**facts, "still": scene.still})
        if not callable(change):
            raise TypeError("it returned nothing that can be called for a frame")
    return PluginStage(settings.name, change)


def moment_of(output: OutputFrame) -> dict[str, Any]:
    """What a plug-in is told of a frame."""
    moment: dict[str, Any] = {"index": output.index, "starts_shot": output.starts_shot}
    if output.face is None:
        return {**moment, "box": None, "landmarks": None}
    box, landmarks = output.face.box, output.face.landmarks
    edges = (box.top, box.bottom, box.left, box.right)
    return {**moment, "box": edges, "landmarks": landmarks.points()}


def changed_part(before: Picture, after: Picture) -> Rect | None:
    """The smallest part that holds all changes, if there are any."""
    left, top, width, height = cv2.boundingRect(cv2.absdiff(before, after).max(axis=2))
    return Rect(top, top + height, left, left + width) if width else None
