"""SyncNet's towers and its checkpoint, with random weights."""

import zlib

import numpy as np
import pytest
import torch

from base.errors import EngineError
from benchmarks.lse.syncnet import SIDE, SyncNet, embed, load_syncnet
from tests.checkpoints import save_malicious, save_web_page

SHAPES = {  # of the published checkpoint
    "netcnnaud.0.weight": (64, 1, 3, 3),
    "netcnnaud.4.weight": (192, 64, 3, 3),
    "netcnnaud.14.weight": (256, 256, 3, 3),
    "netcnnaud.18.weight": (512, 256, 5, 4),
    "netfcaud.3.weight": (1024, 512),
    "netcnnlip.0.weight": (96, 3, 5, 7, 7),
    "netcnnlip.4.weight": (256, 96, 1, 5, 5),
    "netcnnlip.14.weight": (256, 256, 1, 3, 3),
    "netcnnlip.18.weight": (512, 256, 1, 6, 6),
    "netcnnlip.19.running_var": (512,),
    "netfclip.1.weight": (512,),
}


def random_tensor(name, tensor):
    random = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith("num_batches_tracked"):
        return torch.tensor(1)
    if name.endswith(("running_mean", "bias")):
        return torch.from_numpy(random.normal(0, 0.05, tensor.shape).astype(np.float32))
    if tensor.ndim == 1:
        return torch.from_numpy(random.uniform(0.8, 1.2, tensor.shape).astype(np.float32))
    spread = (2 / np.prod(tensor.shape[1:])) ** 0.5
    return torch.from_numpy(random.normal(0, spread, tensor.shape).astype(np.float32))


@pytest.fixture(scope="module")
def weights():
    with torch.device("meta"):
        state = SyncNet().state_dict()
    return {name: random_tensor(name, tensor) for name, tensor in state.items()}


@pytest.fixture(scope="module")
def file(weights, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "syncnet_v2.model"
    torch.save(weights, path, _use_new_zipfile_serialization=False)
    return path


@pytest.fixture(scope="module")
def network(file):
    return load_syncnet(file)


def test_names_and_shapes_are_those_of_the_checkpoint(weights):
    assert {name: tuple(weights[name].shape) for name in SHAPES} == SHAPES
    assert len(weights) == 14 * 7 + 2 * 2


def test_both_towers_end_in_1024_numbers(network):
    faces = np.random.default_rng(0).integers(0, 256, (7, SIDE, SIDE, 3), np.uint8)
    cepstra = np.random.default_rng(1).normal(size=(32, 13))
    lips, sounds = embed(network, faces, cepstra)
    assert lips.shape == sounds.shape == (2, 1024)
    assert np.isfinite(lips).all() and lips.std() > 0 and sounds.std() > 0
    assert not np.allclose(lips[0], lips[1]) and not np.allclose(sounds[0], sounds[1])


def test_each_window_begins_40_ms_after_the_one_before(network):
    faces = np.zeros((8, SIDE, SIDE, 3), np.uint8)
    cepstra = np.random.default_rng(1).normal(size=(40, 13))
    _, whole = embed(network, faces, cepstra)
    _, later = embed(network, faces[1:], cepstra[4:])
    assert np.allclose(whole[1:], later, atol=1e-4)


def test_too_short_a_result_is_refused(network):
    with pytest.raises(EngineError, match="longer result"):
        embed(network, np.zeros((5, SIDE, SIDE, 3), np.uint8), np.zeros((20, 13)))


def test_code_in_a_checkpoint_is_not_run(tmp_path):
    trap = save_malicious(tmp_path / "evil.model", tmp_path / "trace", "zip")
    with pytest.raises(EngineError):
        load_syncnet(trap)
    assert not (tmp_path / "trace").exists()


def test_other_weights_and_damaged_ones_are_refused(weights, tmp_path):
    cut = {**weights, "netfclip.3.weight": torch.zeros(3, 3)}
    bad = {**weights, "netfclip.3.bias": torch.full((1024,), torch.nan)}
    for broken, message in ((cut, "is not SyncNet: netfclip.3.weight"), (bad, "no number")):
        torch.save(broken, tmp_path / "broken.model")
        with pytest.raises(EngineError, match=message):
            load_syncnet(tmp_path / "broken.model")
    with pytest.raises(EngineError, match="web page"):
        load_syncnet(save_web_page(tmp_path / "page.model"))
