"""A mouth without a network: the face's own pixels, moved by the sound."""

from collections.abc import Iterable, Iterator
from functools import partial

from base.geometry import Rect
from wav2lip.generators.batch import WHOLE_PATCH, Batch, Generator, Patches, keep_visible
from wav2lip.generators.puppet.motion import SoundHistory, add_window, pose_from_sound
from wav2lip.generators.puppet.mouth import LipLines
from wav2lip.generators.puppet.tracking import track_mouth
from wav2lip.generators.puppet.warp import open_mouth


def load_puppet(visible: Rect = WHOLE_PATCH, strength: float = 1.0) -> Generator:
    """The puppet's generator for the visible part of the patch and a lip strength."""
    return partial(_generate, LipLines.grid(), visible, strength)


def _generate(
    lines: LipLines, visible: Rect, strength: float, batches: Iterable[Batch]
) -> Iterator[Patches]:
    """Yield patches that equal their faces wherever the sound is silent."""
    history, mouth = SoundHistory(), None
    for batch in batches:
        patches = batch.faces.copy()
        for patch, mel, landmarks in zip(patches, batch.mels, batch.landmarks, strict=True):
            history = add_window(history, mel)
            pose = pose_from_sound(history).scaled(strength)
            mouth = None if pose.is_rest else track_mouth(mouth, patch.copy(), landmarks, lines)
            if mouth is not None:
                patch[...] = open_mouth(mouth.face, mouth.coordinates, pose)
        yield keep_visible(patches, batch.faces, visible)
