"""Frames meet their sound: cut the faces out, have mouths generated, blend them in."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Generator as Stream
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from audio.windows import Windows
from base.generator import Batch, Generator, Patches
from base.geometry import Affine, Picture
from base.lips import POINTS
from blending.methods import BlendSettings
from faces.face import Face
from pipeline.framing import Change, FaceFraming, Framing
from pipeline.gating import GeneratedMouth, SourceFace, differs, interpolate, keyframes
from stages.stage import OutputFrame
from video.yuv import Frame

UNSEEN = np.full((POINTS, 2), np.nan, np.float32)
MOST_WAITING = 16  # frames, or a batch of them, that wait for the keyframe after them


@dataclass(frozen=True)
class Mouth:
    """A new mouth, and the face that it was generated from."""

    face: Picture  # of the size of the patch, and packed as it is
    patch: Picture
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
    framing: Framing = FaceFraming(),  # noqa: B008  # frozen
) -> Iterator[FrameWithMouth]:
    """Each frame with the mouth for its face; frames without a face pass in between.

    Where `gated`, few mouths are generated in a pause, and the others are interpolated.
    """
    every = np.ones(len(windows), np.bool_)
    required = keyframes(windows.speaking, windows.fps) if gated else every
    for has_face, run in groupby(frames, key=lambda frame: frame.face is not None):
        if has_face:
            spans = _keyframe_spans(_face_inputs(run, framing), required)
            batches = partial(_batch, windows=windows, framing=framing)
            yield from _generated(spans, batches, generator, batch_size)
        else:
            yield from ((frame, None) for frame in run)


def _generated(
    spans: Iterator[KeyframeSpan],
    batch_of: Callable[[list[KeyframeSpan]], Batch],
    generator: Generator,
    batch_size: int,
) -> Iterator[FrameWithMouth]:
    waiting: deque[list[KeyframeSpan]] = deque()  # a generator may take some batches in advance
    most_waiting = max(MOST_WAITING, batch_size)

    def batches() -> Stream[Batch, None, None]:
        group: list[KeyframeSpan] = []
        for span in spans:
            group.append(span)
            if len(group) == batch_size or _count_between(group, *waiting) >= most_waiting:
                waiting.append(group)
                yield batch_of(group)
                group = []
        if group:
            waiting.append(group)
            yield batch_of(group)

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


def _face_inputs(outputs: Iterable[OutputFrame], framing: Framing) -> Iterator[FaceInput]:
    """What is cut out of each frame; a frame that is repeated is cut once."""
    last: FaceInput | None = None
    for output in outputs:
        assert output.face is not None  # in runs that have one
        if (
            last
            and last.output.frame is output.frame
            and last.output.source_index == output.source_index
        ):
            last = replace(last, output=output)
        else:
            last = FaceInput(output, _source_face(output.frame, output.face, framing))
        yield last


def _source_face(frame: Frame, face: Face, framing: Framing) -> SourceFace:
    place = framing.place(face)
    picture = framing.cut(frame, place)
    to_patch = Affine.size_to_box(framing.size, place).inverse()
    landmarks = to_patch(face.landmarks.points()).astype(np.float32)
    lips = None if face.lips is None else face.lips.mapped(to_patch).points
    return SourceFace(picture, landmarks, lips, framing.packing(frame))


def _count_between(*groups: list[KeyframeSpan]) -> int:
    return sum(len(span.between) for group in groups for span in group)


def _batch(group: list[KeyframeSpan], windows: Windows, framing: Framing) -> Batch:
    inputs = [span.keyframe for span in group]
    frames = [one.index for one in inputs]
    return Batch(
        mels=windows.at(frames),
        faces=np.stack([one.source.face for one in inputs]),
        landmarks=np.stack([one.source.landmarks for one in inputs]),
        lips=np.stack([UNSEEN if one.source.lips is None else one.source.lips for one in inputs]),
        rest_gap=framing.rest_gap,
        times=windows.times(frames),
        packing=inputs[0].source.packing,
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


def blend_mouth(
    output: OutputFrame, mouth: Mouth | None, framing: Framing, settings: BlendSettings
) -> Frame:
    """The frame with its new mouth; other pixels stay bit-identical."""
    if output.face is None or mouth is None:
        return output.frame
    change = Change(output.frame, output.face, mouth.face, mouth.patch)
    return framing.blend(change, settings)
