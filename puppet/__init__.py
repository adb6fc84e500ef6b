"""A mouth without a network: the face's own pixels, moved by the sound."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np

from base.generator import Batch, Generator, Patches
from base.geometry import Landmarks
from base.lips import Lips
from puppet.average import average_lips
from puppet.draw import draw_mouth
from puppet.motion import Pose, SoundHistory, add_window
from puppet.tracking import follow_mouth
from puppet.visemes import Visemes, pose_of

PosesOf = Callable[[Iterable[Batch]], Iterator[tuple[Batch, list[Pose]]]]


def load_puppet(strength: float = 1.0, visemes: Visemes | None = None) -> Generator:
    """The puppet's generator for a lip strength; its patches may have any size.

    With visemes it follows them instead of the sound; its batches then need their times.
    """
    return partial(_generate, partial(poses_of, strength, visemes))


def poses_of(
    strength: float, visemes: Visemes | None, batches: Iterable[Batch]
) -> Iterator[tuple[Batch, list[Pose]]]:
    """Each batch with the poses of its frames."""
    history = SoundHistory()
    for batch in batches:
        if visemes is not None and batch.times is None:
            raise ValueError("visemes need the times of a batch")
        times = np.zeros(len(batch)) if batch.times is None else batch.times
        poses = []
        for mel, time in zip(batch.mels, times.tolist(), strict=True):
            history = add_window(history, mel)
            poses.append(pose_of(history, visemes, time).scaled(strength))
        yield batch, poses


def _generate(poses_of: PosesOf, batches: Iterable[Batch]) -> Iterator[Patches]:
    """Yield patches that equal their faces where a mouth at rest hears silence."""
    mouth = None
    for batch, poses in poses_of(batches):
        patches = batch.faces.copy()
        for index, pose in enumerate(poses):
            lips, face = _lips(batch, index), batch.packing.unpack(batch.faces[index])
            mouth = None if lips is None else follow_mouth(mouth, face, lips, batch.rest_gap)
            if mouth is not None:
                patches[index] = batch.packing.pack(draw_mouth(mouth.seen, pose).planes)
        yield patches


def _lips(batch: Batch, index: int) -> Lips | None:
    """Those of the frame, or an average face's where they were not seen."""
    if batch.lips is not None and np.isfinite(batch.lips[index]).all():
        return Lips(batch.lips[index])
    landmarks = batch.landmarks[index].astype(np.float64)
    return average_lips(Landmarks.of(landmarks)) if np.isfinite(landmarks).all() else None
