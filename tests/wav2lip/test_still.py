"""A face that stays the same: the mouths are those of the engine that computes all of it anew."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from base.errors import EngineError
from base.generator import Batch
from base.geometry import Rect
from tests.checkpoints import flat_weights, save_bare
from wav2lip.generators import GENERATORS, EngineSettings
from wav2lip.generators.openvino_requests import runs_of_one_face
from wav2lip.generators.prepared import Examples, Scene

PART = Rect(55, 93, 17, 80)
FACES = [0, 0, 0, 0, 0, 1, 1, 0, 2]  # which of three each frame shows


def batch_of(which=FACES):
    random = np.random.default_rng(3)
    coarse = random.integers(40, 216, (3, 12, 12, 3), np.uint8)
    faces = coarse.repeat(8, axis=1).repeat(8, axis=2)[which]
    mels = random.uniform(-4, 4, (len(which), 80, 16)).astype(np.float32)
    return Batch(mels, faces, np.zeros((len(which), 5, 2), np.float32))


@pytest.fixture(scope="module")
def settings(checkpoint, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    return EngineSettings(checkpoint, "cpu", batch_size=4, cache=cache)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("half", "within", "visible"), [(False, 1, Rect(0, 96, 0, 96)), (True, 4, PART)], ids=str
)
def test_the_mouths_are_the_same_also_when_the_face_changes(settings, half, within, visible):
    batch = batch_of()
    still, moving = (
        np.concatenate(
            list(GENERATORS["openvino"](replace(settings, half=half), scene)([batch] * 2))
        )
        for scene in (Scene(visible, still=True), Scene(visible))
    )
    assert still.shape == (2 * len(FACES), 96, 96, 3)
    assert np.abs(still.astype(int) - moving).max() <= within
    rows, columns = visible.slices
    assert np.abs(still[0, rows, columns].astype(int) - still[5, rows, columns]).max() > within


@pytest.mark.slow
def test_8_bits_and_a_still_go_together(settings):
    batch = batch_of([0] * 6)
    scene = Scene(PART, True, Examples(batch.mels[::2], batch.faces[::2]))
    generator = GENERATORS["openvino"](replace(settings, int8=True), scene)
    assert generator.precision == "int8" or generator.notices
    (patches,), (exact,) = (
        made([batch]) for made in (generator, GENERATORS["openvino"](settings, scene))
    )
    assert np.abs(patches.astype(int) - exact).mean() < 1


@pytest.mark.slow
def test_a_stream_that_is_closed_leaves_requests_that_can_be_used_again(settings):
    generator = GENERATORS["openvino"](settings, Scene(PART, still=True))
    (whole,) = generator([batch_of()])
    patches = generator([batch_of()] * 5)
    next(patches)
    patches.close()
    assert np.array_equal(next(generator([batch_of()])), whole)


@pytest.mark.slow
def test_weights_that_overflow_are_an_error(tmp_path):
    weights = flat_weights() | {"output_block.0.conv_block.1.weight": torch.full((32,), 3e38)}
    weights["output_block.1.weight"] = torch.tensor([1.0, -1.0]).repeat(48).reshape(3, 32, 1, 1)
    checkpoint = save_bare(weights, tmp_path / "overflow.pth")
    scene = Scene(PART, still=True)
    generator = GENERATORS["openvino"](EngineSettings(checkpoint, "cpu"), scene)
    with pytest.raises(EngineError, match=r"overflow.pth: .* is no number"):
        next(generator([batch_of()]))


def test_frames_fall_into_stretches_of_one_face():
    faces = batch_of().faces
    runs = runs_of_one_face(faces)
    assert [(run.start, run.stop) for run in runs] == [(0, 5), (5, 7), (7, 8), (8, 9)]
    assert runs_of_one_face(faces[:1]) == [slice(0, 1)]
