"""A mouth without a network: the face's own pixels, moved by the sound."""

from collections.abc import Iterable, Iterator
from functools import partial

from base.geometry import Rect
from wav2lip.generators.batch import WHOLE, Batch, Generator, Patches, only_shown
from wav2lip.generators.puppet.motion import Ear, heard, pose
from wav2lip.generators.puppet.mouth import Candidates
from wav2lip.generators.puppet.sight import seen
from wav2lip.generators.puppet.warp import opened


def load(shown: Rect = WHOLE, strength: float = 1.0) -> Generator:
    """The puppet; nothing is set but what is shown of it and how far it follows the sound."""
    return partial(_speak, Candidates.all(), shown, strength)


def _speak(
    candidates: Candidates, shown: Rect, strength: float, batches: Iterable[Batch]
) -> Iterator[Patches]:
    """Patches that equal their faces wherever the sound is silent."""
    ear, sight = Ear(), None
    for batch in batches:
        patches = batch.faces.copy()
        for patch, mel, landmarks in zip(patches, batch.mels, batch.landmarks, strict=True):
            ear = heard(ear, mel)
            move = pose(ear).times(strength)
            sight = None if move.still else seen(sight, patch.copy(), landmarks, candidates)
            if sight is not None:
                patch[...] = opened(sight.face, sight.place, move)
        yield only_shown(patches, batch.faces, shown)
