"""Faces are painted, whoever predicts the noise."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from base.errors import EngineError, OutOfMemoryError  # noqa: E402
from base.generator import Batch  # noqa: E402
from base.prefetch import wanted_while  # noqa: E402
from diff2lip.framing import FIRST_ROW, SIDE  # noqa: E402
from diff2lip.painter import noise  # noqa: E402
from tests.diff2lip.simple import simple_painter  # noqa: E402
from wav2lip.generators.diff2lip_engine import PainterEngine  # noqa: E402
from wav2lip.generators.in_flight import generate  # noqa: E402


def faces_of(frames, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (frames, SIDE, SIDE, 3), np.uint8)


def mels_of(frames):
    return np.zeros((frames, 80, 16), np.float32)


@pytest.mark.parametrize("steps", [1, 2, 25])
def test_the_lower_half_is_painted_and_the_upper_stays(steps):
    faces = faces_of(2)
    before = faces.copy()
    patches = simple_painter(steps=steps)(mels_of(2), faces)
    assert np.array_equal(patches[:, :FIRST_ROW], faces[:, :FIRST_ROW])
    assert np.abs(patches[:, FIRST_ROW:].astype(int) - (255 - faces[:, FIRST_ROW:])).max() <= 1
    assert np.array_equal(faces, before)


def test_the_same_seed_is_the_same_noise_for_every_frame():
    first = []
    simple_painter(first.append)(mels_of(3), faces_of(3))
    upper, lower = first[0][:, :, :FIRST_ROW], first[0][:, :, FIRST_ROW:]
    assert torch.equal(lower[0], lower[2]) and not torch.equal(upper[0], upper[2])
    assert np.array_equal(lower[:1], noise(0)[:, :, FIRST_ROW:])
    assert np.array_equal(noise(7), noise(7)) and not np.array_equal(noise(7), noise(8))
    assert abs(noise(7).mean()) < 0.02 and abs(noise(7).std() - 1) < 0.02


def test_what_is_no_number_is_an_error():
    def overflow(noisy):
        noisy[0, 0, 80, 5] = torch.nan

    with pytest.raises(EngineError, match="no number"):
        simple_painter(overflow)(mels_of(1), faces_of(1))


def test_it_can_be_ended_between_two_steps():
    evaluated = []

    def refuse():
        if len(evaluated) == 3:
            raise KeyboardInterrupt

    with wanted_while(refuse), pytest.raises(KeyboardInterrupt):
        simple_painter(evaluated.append)(mels_of(1), faces_of(1))
    assert len(evaluated) == 3


def test_where_memory_runs_out_fewer_frames_are_painted_together():
    sizes = []

    def scarce(noisy):
        sizes.append(len(noisy))
        if len(noisy) > 2:
            raise OutOfMemoryError("too little for a frame")

    batch = Batch(mels_of(5), faces_of(5), np.zeros((5, 5, 2), np.float32))
    engine = PainterEngine(simple_painter(scarce, steps=1), limit=8)
    (patches,) = generate(engine, [batch])
    assert sizes == [5, 2, 2, 1]
    assert (
        np.abs(patches[:, FIRST_ROW:].astype(int) - (255 - batch.faces[:, FIRST_ROW:])).max() <= 1
    )
