"""The scenes of a story one after another: pictures of one size, one sound, chapters, subtitles."""

import wave
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from base.locks import replace_file
from base.media import decode_sound
from batch.story_scenes import RATE, WHOLE, Part
from subtitles.cues import Cue, cues_of
from subtitles.files import file_content, milliseconds
from video.chapters import Chapter
from video.clip import open_media
from video.source import open_source
from video.text_track import TextTrack, TimedText
from video.yuv import Frame

SOUND_RATE, CHANNELS = 48_000, 2
BLOCK = SOUND_RATE  # samples of silence written at once


@dataclass(frozen=True)
class Placed:
    """A part and the output's frames that show it."""

    part: Part
    first: int
    frames: int
    fps: Fraction

    @property
    def start(self) -> Fraction:
        """Seconds."""
        return self.first / self.fps

    @property
    def end(self) -> Fraction:
        """Seconds."""
        return (self.first + self.frames) / self.fps


def placed(parts: Sequence[Part], fps: Fraction) -> list[Placed]:
    """The parts in a video of this rate, each at least a frame long."""
    counts = [max(1, -(-part.seconds * fps // 1)) for part in parts]
    firsts = [0, *accumulate(counts)]
    return [
        Placed(part, first, count, fps)
        for part, first, count in zip(parts, firsts, counts, strict=False)
    ]


def chapters_of(places: Sequence[Placed]) -> tuple[Chapter, ...]:
    return tuple(Chapter(place.part.scene.name, place.start, place.end) for place in places)


def story_cues(places: Sequence[Placed]) -> tuple[Cue, ...]:
    """Subtitles that run on; none lasts beyond its scene."""
    cues = []
    for place in places:
        start, end = float(place.start), float(place.end)
        for cue in cues_of(place.part.words):
            last = min(cue.end + start, end)
            if cue.start + start < last:
                cues.append(Cue(cue.lines, cue.start + start, last))
    return tuple(cues)


def track_of(cues: Sequence[Cue]) -> TextTrack:
    return TextTrack(
        tuple(
            TimedText(cue.text, *(Fraction(milliseconds(t), 1000) for t in (cue.start, cue.end)))
            for cue in cues
        )
    )


def write_subtitle_file(cues: Sequence[Cue], path: Path) -> None:
    replace_file(path, file_content(cues, path))


def story_size(parts: Sequence[Part]) -> tuple[int, int]:
    """Width and height: those of the first scene, made even."""
    first = open_source(parts[0].picture, WHOLE, RATE)
    return first.width + first.width % 2, first.height + first.height % 2


def story_frames(places: Sequence[Placed], size: tuple[int, int]) -> Generator[Frame, None, None]:
    """Every frame of the story; pictures of another shape stand before black."""
    for place in places:
        source = open_source(place.part.picture, WHOLE, place.fps)
        shown = [int(i / place.fps * source.fps) for i in range(place.frames)]
        with closing(source.looped(shown[-1] + 1, "freeze")) as frames:
            yield from _at(frames, shown, size)


def write_sound(places: Sequence[Placed], path: Path) -> None:
    """The sounds as one WAV, each as long as its picture is shown."""
    with closing(wave.open(str(path), "wb")) as file:
        file.setparams((CHANNELS, 2, SOUND_RATE, 0, "NONE", ""))
        for place in places:
            wanted = round(place.end * SOUND_RATE) - round(place.start * SOUND_RATE)
            for block in _samples(place.part.sound):
                block = block[:wanted]
                wanted -= len(block)
                file.writeframes(block.tobytes())
                if not wanted:
                    break
            while wanted:
                silent = min(wanted, BLOCK)
                file.writeframes(bytes(silent * CHANNELS * 2))
                wanted -= silent


def _at(
    frames: Iterator[tuple[int, Frame]], shown: Sequence[int], size: tuple[int, int]
) -> Iterator[Frame]:
    """The frames that are shown, of this size, each as often as it is."""
    at, made = -1, None
    for index in shown:
        while at < index:
            _, frame = next(frames)
            at, made = at + 1, None
        made = made or fitted(frame, size)
        yield made


def fitted(frame: Frame, size: tuple[int, int]) -> Frame:
    """The frame as large as the size has room for, in its middle."""
    width, height = size
    if (frame.width, frame.height) == size:
        return frame
    scale = min(width / frame.width, height / frame.height)
    inner = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    picture = np.zeros((height, width, 3), np.uint8)
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    part = cv2.resize(frame.picture(), inner, interpolation=way)
    picture[top : top + inner[1], left : left + inner[0]] = part
    return Frame.of_picture(picture)


def _samples(sound: Path | None) -> Iterator[NDArray[np.int16]]:
    """(samples, channels) of the file's first sound, in blocks."""
    if sound is None:
        return
    resampler = av.AudioResampler("s16", "stereo", SOUND_RATE)
    with open_media(sound) as container:
        for frame in decode_sound(container, 0):
            for block in resampler.resample(frame):
                yield np.asarray(block.to_ndarray().reshape(-1, CHANNELS), np.int16)
        for block in resampler.resample(None):
            yield np.asarray(block.to_ndarray().reshape(-1, CHANNELS), np.int16)
