"""A mouth without a network: the face's own pixels, moved by the sound."""

from collections.abc import Iterable, Iterator
from functools import partial

from wav2lip.generators.batch import Batch, Generator, Patches
from wav2lip.generators.puppet.motion import Ear, heard, pose
from wav2lip.generators.puppet.mouth import Candidates
from wav2lip.generators.puppet.sight import seen
from wav2lip.generators.puppet.warp import opened


def load(settings: object = None) -> Generator:
    """The puppet; it has nothing to set."""
    return partial(_speak, Candidates.all())


def _speak(candidates: Candidates, batches: Iterable[Batch]) -> Iterator[Patches]:
    """Patches that equal their faces wherever the sound is silent."""
    ear, sight = Ear(), None
    for batch in batches:
        patches = batch.faces.copy()
        for patch, mel, landmarks in zip(patches, batch.mels, batch.landmarks, strict=True):
            ear = heard(ear, mel)
            move = pose(ear)
            sight = None if move.still else seen(sight, patch.copy(), landmarks, candidates)
            if sight is not None:
                patch[...] = opened(sight.face, sight.place, move)
        yield patches
