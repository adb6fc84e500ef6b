"""Frames meet their sound: cut the faces out, have mouths generated, blend them in."""

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
from blending.methods import BlendSettings
from blending.patch import Patch, cut_square
from faces.face import Face
from pipeline.gating import GeneratedMouth, SourceFace, differs, interpolate, keyframes
from pipeline.visible import rect_in_patch
from video.yuv import Frame
from wav2lip.generators.batch import SIDE, Batch, Generator, Patches, keep_visible

MOST_WAITING = 16  # frames, or a batch of them, that wait for the keyframe after them


@dataclass(frozen=True)
class OutputFrame:
    """A frame of the output before its mouth is replaced, and the face in it, if there is one."""

    index: int
    frame: Frame
    face: Face | None
    source_index: int = 0  # of the source's frame that it shows

    def __post_init__(self) -> None:
        if self.index < 0:
            raise ValueError(f"frames count from 0, got {self.index}")


@dataclass(frozen=True)
class Mouth:
    """A new mouth, and the face that it was generated from."""

    face: Picture  # (96, 96, 3)
    patch: Picture  # (96, 96, 3)
    interpolated: bool = False  # from the keyframes before and after


FrameWithMouth = tuple[OutputFrame, Mouth | None]


@dataclass(frozen=True)
class FaceInput:
    """A frame with a face, and what the generator needs of it."""

    output: OutputFrame
    source: SourceFace

    @property
    def index(self) -> int:
        return self.output.index


@dataclass(frozen=True)
class KeyframeSpan:
    """A frame whose mouth is generated, and those before it whose mouths are interpolated."""

    between: list[FaceInput]
    keyframe: FaceInput


def with_mouths(
    frames: Iterable[OutputFrame],
    windows: Windows,
    generator: Generator,
    batch_size: int,
    gated: bool = False,
) -> Iterator[FrameWithMouth]:
    """Each frame with the mouth for its face; frames without a face pass in between.

    Where `gated`, few mouths are generated in a pause, and the others are interpolated.
    """
    every = np.ones(len(windows), np.bool_)
    required = keyframes(windows.speaking, windows.fps) if gated else every
    for has_face, run in groupby(frames, key=lambda frame: frame.face is not None):
        if has_face:
            spans = _keyframe_spans(map(_face_input, run), required)
            yield from _generated(spans, windows, generator, batch_size)
        else:
            yield from ((frame, None) for frame in run)


def _generated(
    spans: Iterator[KeyframeSpan], windows: Windows, generator: Generator, batch_size: int
) -> Iterator[FrameWithMouth]:
    waiting: deque[list[KeyframeSpan]] = deque()  # a generator may take some batches in advance
    most_waiting = max(MOST_WAITING, batch_size)

    def batches() -> Stream[Batch, None, None]:
        group: list[KeyframeSpan] = []
        for span in spans:
            group.append(span)
            if len(group) == batch_size or _count_between(group, *waiting) >= most_waiting:
                waiting.append(group)
                yield _batch(group, windows)
                group = []
        if group:
            waiting.append(group)
            yield _batch(group, windows)

    with closing(batches()) as inputs:
        yield from _in_order((waiting.popleft(), patches) for patches in generator(inputs))


def _keyframe_spans(
    inputs: Iterator[FaceInput], required: NDArray[np.bool_]
) -> Iterator[KeyframeSpan]:
    """Keyframes are those required, and both sides of what cannot be interpolated across."""
    keyframe: FaceInput | None = None  # the last one, if the source has gone on without a jump
    between: list[FaceInput] = []
    current = next(inputs)
    for following in chain(inputs, [None]):
        ends = following is None or _source_jumps(current, following)
        is_first = keyframe is None
        if required[current.index] or ends or is_first or _differ(keyframe, current, following):
            yield KeyframeSpan(between, current)
            keyframe, between = None if ends else current, []
        else:
            between.append(current)
        current = following or current


def _source_jumps(current: FaceInput, following: FaceInput) -> bool:
    return abs(following.output.source_index - current.output.source_index) > 1


def _differ(*inputs: FaceInput | None) -> bool:
    """Whether any two neighbours show the face too differently to interpolate between them."""
    faces = [one.source.face for one in inputs if one is not None]
    return any(differs(first, second) for first, second in pairwise(faces))


def _face_input(output: OutputFrame) -> FaceInput:
    assert output.face is not None  # in runs that have one
    box = output.face.box
    landmarks = _to_patch(output.face.landmarks, box)
    return FaceInput(output, SourceFace(cut_face(output.frame, box), landmarks))


def _count_between(*groups: list[KeyframeSpan]) -> int:
    return sum(len(span.between) for group in groups for span in group)


def _batch(group: list[KeyframeSpan], windows: Windows) -> Batch:
    inputs = [span.keyframe for span in group]
    return Batch(
        mels=windows.at([one.index for one in inputs]),
        faces=np.stack([one.source.face for one in inputs]),
        landmarks=np.stack([one.source.landmarks for one in inputs]),
    )


def _in_order(groups: Iterable[tuple[list[KeyframeSpan], Patches]]) -> Iterator[FrameWithMouth]:
    before: tuple[int, GeneratedMouth] | None = None
    for group, patches in groups:
        for span, patch in zip(group, patches, strict=True):
            index = span.keyframe.index
            generated = GeneratedMouth(span.keyframe.source, patch)
            for one in span.between:
                assert before is not None  # a run begins with a keyframe
                weight = (one.index - before[0]) / (index - before[0])
                mouth = interpolate(before[1], generated, weight, one.source)
                yield one.output, Mouth(one.source.face, mouth, interpolated=True)
            yield span.keyframe.output, Mouth(generated.source.face, patch)
            before = index, generated


def cut_face(frame: Frame, box: Box) -> Picture:
    """The face as the network takes it; outside the frame its border is repeated."""
    rect = box.inside(frame.width, frame.height)
    if rect is None:
        raise ValueError(f"the face lies outside its frame: {box}")
    return cut_square(frame.region(rect), rect, box)


def _to_patch(landmarks: Landmarks, box: Box) -> NDArray[np.float32]:
    to_patch = Affine.square_to_box(SIDE, box).inverse()
    return to_patch(landmarks.points()).astype(np.float32)


def blend_mouth(output: OutputFrame, mouth: Mouth | None, settings: BlendSettings) -> Frame:
    """The frame with its new mouth; pixels where the mask is 0 stay bit-identical."""
    if output.face is None or mouth is None:
        return output.frame
    face, frame = output.face, output.frame
    outline = settings.outline(face.box, face.landmarks)
    rect = outline.bounds.inside(frame.width, frame.height)
    if rect is None:
        return frame
    # outside the visible part nothing counts as changed, whether it was computed or not
    (pixels,) = keep_visible(mouth.patch[None], mouth.face[None], rect_in_patch(rect, face.box))
    patch = Patch.for_box(pixels, face.box, rect, mouth.face)
    before = frame.region(rect)
    region = settings.blend(patch, before, outline.mask(rect), face.box)
    return frame.with_region(rect, region, before)
