"""Subtitles in the picture itself, below the chin or at the top: never over the mouth."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from base.geometry import Box, Rect
from base.lips import CHIN
from base.planes import PlanePart
from faces.face import Face
from stages.stage import OutputFrame, Stage, StageScene, VideoFormat
from subtitles.cues import Cue, cues_of
from subtitles.drawing import Drawing, columns_for, draw, margins
from subtitles.lettering import Fonts, fonts_for
from video.yuv import Frame

HDR_WHITE = {16: 0.58, 18: 0.75}  # of the largest value: as bright as paper, by the curve's number
RETURN = 0.05  # of the picture's height by which the chin must rise before a text goes down again


@dataclass(frozen=True)
class BurnSettings:
    """What the letters look like."""

    font: Path | None = None  # the user's; none: the one that ships, or one with the letters


def load_burn(settings: BurnSettings, scene: StageScene) -> Stage:
    width, height = scene.format.width, scene.format.height
    cues = cues_of(scene.words, columns_for(width, height))
    fonts = fonts_for((line for cue in cues for line in cue.lines), settings.font)
    return Burn(cues, fonts, scene.format)


@dataclass(frozen=True)
class Burn:
    """Draws every subtitle into the frames of its time."""

    cues: tuple[Cue, ...]
    fonts: Fonts
    format: VideoFormat

    def output(self, format: VideoFormat) -> VideoFormat:
        return format

    def __call__(self, frames: Iterator[OutputFrame], /) -> Iterator[OutputFrame]:
        starts = [cue.start for cue in self.cues]
        shown, drawing, place = -1, None, None
        for output in frames:
            time = float(output.index / self.format.fps)
            number = bisect_right(starts, time) - 1
            if number < 0 or time >= self.cues[number].end:
                yield output
                continue
            if number != shown or drawing is None:
                place = _Place.of(place, self._drawing(number), self.format, output.face)
                shown, drawing = number, _Overlay(self._drawing(number))
            assert place is not None
            place = place.without_mouth(output.face)
            yield output.showing(drawing.over(output.frame, place.rect))

    def _drawing(self, number: int) -> Drawing:
        return draw(self.cues[number], self.fonts, self.format.width, self.format.height)


@dataclass(frozen=True)
class _Place:
    """Where a text stands, and where it could stand instead."""

    rect: Rect
    other: Rect

    @classmethod
    def of(
        cls, last: "_Place | None", drawing: Drawing, format: VideoFormat, face: Face | None
    ) -> "_Place":
        """At the bottom, where the mouth leaves room; a text that went up stays for a while."""
        bottom, top = places(drawing.size, format)
        was_up = last is not None and last.rect.top < last.other.top
        spare = RETURN * format.height if was_up else 0.0
        hidden = hides_mouth(bottom, face, spare) and not hides_mouth(top, face)
        return cls(top, bottom) if hidden else cls(bottom, top)

    def without_mouth(self, face: Face | None) -> "_Place":
        """The other place, where only this one would hide the mouth."""
        moves = hides_mouth(self.rect, face) and not hides_mouth(self.other, face)
        return _Place(self.other, self.rect) if moves else self


def places(size: tuple[int, int], format: VideoFormat) -> tuple[Rect, Rect]:
    """At the bottom and at the top of the picture, inside the margins where there is room."""
    width, height = min(size[0], format.width), min(size[1], format.height)
    left = (format.width - width) // 2
    margin = min(margins(format.width, format.height)[1], format.height - height)
    lowest = format.height - margin
    bottom = Rect(lowest - height, lowest, left, left + width)
    return bottom, Rect(margin, margin + height, left, left + width)


def hides_mouth(rect: Rect, face: Face | None, spare: float = 0.0) -> bool:
    """Whether the rectangle covers anything from the nose to the chin; `spare`: or almost does."""
    if face is None:
        return False
    zone = mouth_zone(face)
    apart = rect.top >= zone.bottom + spare or rect.bottom <= zone.top
    return not (apart or rect.left >= zone.right or rect.right <= zone.left)


def mouth_zone(face: Face) -> Box:
    """From the nose to the chin, as wide as the face."""
    chin = face.box.bottom if face.lips is None else float(face.lips.mesh(CHIN)[0, 1])
    top = min(face.landmarks.nose[1], chin - 1)
    return Box(top, chin, face.box.left, face.box.right)


class _Overlay:
    """A drawing as samples of a frame's planes; computed anew where it comes to another place."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing
        self._key: tuple[object, ...] = ()
        self._layers: list[_Layer] = []

    def over(self, frame: Frame, rect: Rect) -> Frame:
        """The frame with the drawing in this rectangle; other pixels stay as they are."""
        parts = frame.plane_parts(rect)
        key = rect, frame.layout, frame.tags
        if key != self._key:
            self._key = key
            white = HDR_WHITE.get(frame.tags.transfer, 1.0) if frame.is_hdr else 1.0
            drawing = self._cut(rect)
            self._layers = [layer for part in parts for layer in _layers(part, drawing, white)]
        samples = [plane for part in parts for plane in part.samples]
        changes = [layer.change(s) for layer, s in zip(self._layers, samples, strict=True)]
        return frame.with_changed_samples(rect, changes)

    def _cut(self, rect: Rect) -> Drawing:
        """As much of it as a small picture has room for."""
        width, height = rect.size
        return Drawing(self._drawing.alpha[:height, :width], self._drawing.white[:height, :width])


@dataclass(frozen=True, eq=False)
class _Layer:
    """What is laid over the samples of a plane."""

    added: NDArray[np.float32]
    alpha: NDArray[np.float32]

    def change(self, samples: NDArray[np.generic]) -> NDArray[np.float32]:
        return np.asarray(self.added - self.alpha * samples.astype(np.float32), np.float32)


def _layers(part: PlanePart, drawing: Drawing, white: float) -> Sequence[_Layer]:
    """The drawing for each plane of a part."""
    alpha, level = part.cell_means(drawing.alpha), part.cell_means(drawing.white) * 255 * white
    gray, black = part.from_bgr[:, :3].sum(axis=1), part.from_bgr[:, 3]
    return [
        _Layer(np.asarray(level * by_gray + alpha * offset, np.float32), alpha)
        for by_gray, offset in zip(gray, black, strict=True)
    ]
