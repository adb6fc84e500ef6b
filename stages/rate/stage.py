"""The stage: frames at one rate become frames at another, before their mouths are made."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path

from stages.rate.faces import can_mix, face_between
from stages.rate.flow import FrameAt, Interpolator, by_flow
from stages.stage import OutputFrame, Stage, StageScene, VideoFormat

HALF = Fraction(1, 2)


@dataclass(frozen=True)
class RateSettings:
    """The wanted rate, and what makes the frames between."""

    fps: Fraction
    network: Path | None = None  # none: the motion, by OpenCV

    def __post_init__(self) -> None:
        if self.fps <= 0:
            raise ValueError(f"{self.fps} frames a second")


@dataclass(frozen=True)
class FrameRate:
    """Frame k of the output shows the time k / fps; of a faster source, the nearest frame."""

    fps: Fraction
    step: Fraction  # frames of the source from one of the output to the next
    interpolator: Interpolator = by_flow

    def output(self, format: VideoFormat) -> VideoFormat:
        return replace(format, fps=self.fps)

    def __call__(self, frames: Iterator[OutputFrame], /) -> Iterator[OutputFrame]:
        if self.step == 1:
            return frames
        if self.step > 1:
            return _nearest(frames, self.step)
        return _numbered(self._moments(frames))

    def _moments(self, frames: Iterator[OutputFrame]) -> Iterator[tuple[int, OutputFrame]]:
        """What is shown at each moment, and the number of the source's frame it begins with."""
        index = 0
        for number, (current, following) in enumerate(pairwise(chain(frames, [None]))):
            assert current is not None
            gap = _Gap(current, following, self.interpolator)
            while (part := index * self.step - number) < 1:
                yield number + gap.shows_following(part), gap.at(part)
                index += 1


@dataclass
class _Gap:
    """A frame of the source, the one after it, and those between."""

    current: OutputFrame
    following: OutputFrame | None
    interpolator: Interpolator
    frame_at: FrameAt | None = None

    def at(self, part: Fraction) -> OutputFrame:
        """The frame itself, one between, or the nearer one where nothing may be mixed."""
        nearer = self._nearer(part)
        if part == 0 or self.following is None or not self._can_mix():
            return nearer
        share, face = float(part), None
        if self.current.face is not None and self.following.face is not None:
            face = face_between(self.current.face, self.following.face, share)
        if self.frame_at is None:
            self.frame_at = self.interpolator(self.current.frame, self.following.frame)
        frame = self.frame_at(share, None if face is None else face.box)
        return nearer if frame is None else replace(self._moment(part), frame=frame, face=face)

    def shows_following(self, part: Fraction) -> bool:
        """Whether a cut before the following frame has then passed."""
        return self._nearer(part) is not self.current and not self._can_mix()

    def _moment(self, part: Fraction) -> OutputFrame:
        """The frame that continues the shot, with the place of the nearer one."""
        return replace(self.current, source_index=self._nearer(part).source_index)

    def _nearer(self, part: Fraction) -> OutputFrame:
        return self.current if self.following is None or part < HALF else self.following

    def _can_mix(self) -> bool:
        """Whether one motion leads from frame to frame, with the same seen of the face."""
        return (
            self.following is not None
            and not self.following.starts_shot
            and can_mix(self.current.face, self.following.face)
        )


def load_rate(settings: RateSettings, scene: StageScene) -> Stage:
    """EngineError for a network that is none of this kind."""
    step = scene.format.fps / settings.fps
    interpolator: Interpolator = by_flow
    if settings.network is not None:
        from stages.rate.network import load_interpolator

        interpolator = load_interpolator(settings.network, scene.first)
    return FrameRate(settings.fps, step, interpolator)


def _nearest(frames: Iterator[OutputFrame], step: Fraction) -> Iterator[OutputFrame]:
    """The frames nearest to each moment; their places count what is shown, so that none jumps."""
    index, starts = 0, False
    for number, output in enumerate(frames):
        starts |= output.starts_shot
        if math.floor(index * step + HALF) == number:
            place = round(output.source_index / step)
            yield replace(output, index=index, source_index=place, starts_shot=starts)
            index, starts = index + 1, False


def _numbered(moments: Iterator[tuple[int, OutputFrame]]) -> Iterator[OutputFrame]:
    """In the output's own order, each shot started once: by the first frame shown of it."""
    begun = -1
    for index, (number, shown) in enumerate(moments):
        yield replace(shown, index=index, starts_shot=shown.starts_shot and number > begun)
        begun = max(begun, number)
