"""Frames meet their sound: cut the faces, have mouths made, lay them in."""

from collections import deque
from collections.abc import Generator as Stream
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from audio.windows import Windows
from base.geometry import Affine, Box, Landmarks, Picture
from blending.methods import Look
from blending.patch import Patch, cut
from faces.face import Face
from pipeline.gating import Given, Key, between, changed, wanted
from pipeline.visible import part_behind
from video.yuv import Frame
from wav2lip.generators.batch import SIDE, Batch, Generator, Patches, only_shown

SPARE = 16  # frames, or a batch of them, that wait for the mouths that theirs are made from


@dataclass(frozen=True)
class Shown:
    """An output frame on its way, and the face in it that shall speak, if there is one."""

    index: int
    frame: Frame
    face: Face | None
    source: int = 0  # the number of its picture in the source

    def __post_init__(self) -> None:
        if self.index < 0:
            raise ValueError(f"frames count from 0, got {self.index}")


@dataclass(frozen=True)
class Mouth:
    """What the generator was given for a frame, and what it made of it."""

    face: Picture  # (96, 96, 3)
    patch: Picture  # (96, 96, 3)
    interpolated: bool = False  # made from the mouths before and after


Spoken = tuple[Shown, Mouth | None]


@dataclass(frozen=True)
class _Posed:
    """A frame and what the generator can be given of it."""

    shown: Shown
    given: Given


@dataclass(frozen=True)
class _Span:
    """A frame whose mouth the generator makes, behind those that it is not asked for."""

    left_out: list[_Posed]
    asked: _Posed


def with_mouths(
    shown: Iterable[Shown],
    windows: Windows,
    generator: Generator,
    batch_size: int,
    gated: bool = False,
) -> Iterator[Spoken]:
    """Each frame with the mouth for its face; frames without a face pass in between.

    Where `gated`, the generator makes few mouths in a pause, and the others are made from these.
    """
    speech = wanted(windows.speaking, windows.fps) if gated else np.ones(len(windows), np.bool_)
    for has_face, run in groupby(shown, key=lambda s: s.face is not None):
        if has_face:
            yield from _generated(_spans(map(_posed, run), speech), windows, generator, batch_size)
        else:
            yield from ((s, None) for s in run)


def _generated(
    run: Iterator[_Span], windows: Windows, generator: Generator, batch_size: int
) -> Iterator[Spoken]:
    waiting: deque[list[_Span]] = deque()  # a generator may take some in advance
    spare = max(SPARE, batch_size)

    def batches() -> Stream[Batch, None, None]:
        group: list[_Span] = []
        for span in run:
            group.append(span)
            if len(group) == batch_size or _left_out(group, *waiting) >= spare:
                waiting.append(group)
                yield _batch(group, windows)
                group = []
        if group:
            waiting.append(group)
            yield _batch(group, windows)

    with closing(batches()) as given:
        yield from _in_order((waiting.popleft(), patches) for patches in generator(given))


def _spans(run: Iterator[_Posed], wanted: NDArray[np.bool_]) -> Iterator[_Span]:
    """What is wanted is asked for, and both sides of what no mouth can be made across."""
    last: _Posed | None = None  # asked for, and what is shown goes on since then
    left_out: list[_Posed] = []
    one = next(run)
    for after in chain(run, [None]):
        ends = after is None or abs(after.shown.source - one.shown.source) > 1
        if wanted[one.shown.index] or ends or last is None or _apart(last, one, after):
            yield _Span(left_out, one)
            last, left_out = None if ends else one, []
        else:
            left_out.append(one)
        one = after or one


def _apart(last: _Posed, one: _Posed, after: _Posed | None) -> bool:
    faces = [posed.given.face for posed in (last, one, after) if posed is not None]
    return any(changed(face, other) for face, other in pairwise(faces))


def _posed(shown: Shown) -> _Posed:
    assert shown.face is not None  # in runs that have one
    frame, face = shown.frame, shown.face
    return _Posed(shown, Given(cut_face(frame, face.box), _in_patch(face.landmarks, face.box)))


def _left_out(*groups: list[_Span]) -> int:
    return sum(len(span.left_out) for group in groups for span in group)


def _batch(group: list[_Span], windows: Windows) -> Batch:
    asked = [span.asked for span in group]
    return Batch(
        mels=windows.at([one.shown.index for one in asked]),
        faces=np.stack([one.given.face for one in asked]),
        landmarks=np.stack([one.given.landmarks for one in asked]),
    )


def _in_order(groups: Iterable[tuple[list[_Span], Patches]]) -> Iterator[Spoken]:
    before: tuple[int, Key] | None = None
    for group, patches in groups:
        for span, patch in zip(group, patches, strict=True):
            at, key = span.asked.shown.index, Key(span.asked.given, patch)
            for one in span.left_out:
                assert before is not None  # a run begins with a frame that is asked for
                weight = (one.shown.index - before[0]) / (at - before[0])
                mouth = between(before[1], key, weight, one.given)
                yield one.shown, Mouth(one.given.face, mouth, interpolated=True)
            yield span.asked.shown, Mouth(key.given.face, patch)
            before = at, key


def cut_face(frame: Frame, box: Box) -> Picture:
    """The face as the network wants it; what lies outside the frame repeats its border."""
    rect = box.inside(frame.width, frame.height)
    if rect is None:
        raise ValueError(f"the face lies outside its frame: {box}")
    return cut(frame.region(rect), rect, box)


def _in_patch(landmarks: Landmarks, box: Box) -> NDArray[np.float32]:
    to_patch = Affine.square_to_box(SIDE, box).inverse()
    return to_patch(landmarks.points()).astype(np.float32)


def laid_in(shown: Shown, mouth: Mouth | None, look: Look) -> Frame:
    """The frame with its new mouth; pixels that the mask leaves out stay what they were."""
    if shown.face is None or mouth is None:
        return shown.frame
    face, frame = shown.face, shown.frame
    outline = look.outline(face.box, face.landmarks)
    rect = outline.bounds.inside(frame.width, frame.height)
    if rect is None:
        return frame
    # beyond the part that shows nothing counts as changed, whether it was computed or not
    (pixels,) = only_shown(mouth.patch[None], mouth.face[None], part_behind(rect, face.box))
    patch = Patch.placed(pixels, face.box, rect, mouth.face)
    before = frame.region(rect)
    region = look.laid(patch, before, outline.mask(rect), face.box)
    return frame.with_region(rect, region, before)
