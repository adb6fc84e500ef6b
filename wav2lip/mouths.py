"""Frames meet their sound: cut the faces, have mouths made, lay them in."""

from collections import deque
from collections.abc import Generator as Stream
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby, islice

import numpy as np
from numpy.typing import NDArray

from audio.windows import Windows
from blending.methods import Look
from blending.patch import Patch, cut
from faces.face import Face
from geometry import Affine, Box, Landmarks, Picture
from video.yuv import Frame
from wav2lip.generators.batch import SIDE, Batch, Generator, Patches, only_shown
from wav2lip.part import part_behind


@dataclass(frozen=True)
class Shown:
    """An output frame on its way, and the face in it that shall speak, if there is one."""

    index: int
    frame: Frame
    face: Face | None

    def __post_init__(self) -> None:
        if self.index < 0:
            raise ValueError(f"frames count from 0, got {self.index}")


@dataclass(frozen=True)
class Mouth:
    """What the generator was given for a frame, and what it made of it."""

    face: Picture  # (96, 96, 3)
    patch: Picture  # (96, 96, 3)


Spoken = tuple[Shown, Mouth | None]


def with_mouths(
    shown: Iterable[Shown], windows: Windows, generator: Generator, batch_size: int
) -> Iterator[Spoken]:
    """Each frame with the mouth for its face; frames without a face pass in between."""
    for has_face, run in groupby(shown, key=lambda s: s.face is not None):
        if has_face:
            yield from _generated(run, windows, generator, batch_size)
        else:
            yield from ((s, None) for s in run)


def _generated(
    run: Iterator[Shown], windows: Windows, generator: Generator, batch_size: int
) -> Iterator[Spoken]:
    waiting: deque[tuple[list[Shown], Patches]] = deque()  # a generator may take some in advance

    def batches() -> Stream[Batch, None, None]:
        while group := list(islice(run, batch_size)):
            batch = _batch(group, windows)
            waiting.append((group, batch.faces))
            yield batch

    with closing(batches()) as given:
        for patches in generator(given):
            group, faces = waiting.popleft()
            yield from zip(group, map(Mouth, faces, patches), strict=True)


def _batch(group: list[Shown], windows: Windows) -> Batch:
    faces = [(s.frame, s.face) for s in group if s.face is not None]
    return Batch(
        mels=windows.batch(group[0].index, group[-1].index + 1),
        faces=np.stack([cut_face(frame, face.box) for frame, face in faces]),
        landmarks=np.stack([_in_patch(face.landmarks, face.box) for _, face in faces]),
    )


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
