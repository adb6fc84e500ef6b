"""Weights of the whole network, made once for all tests of this room."""

import pytest

from tests.checkpoints import ruled_weights, save_bare


@pytest.fixture(scope="session")
def weights():
    return ruled_weights()


@pytest.fixture(scope="session")
def checkpoint(weights, tmp_path_factory):
    """A checkpoint file of the whole network."""
    return save_bare(weights, tmp_path_factory.mktemp("weights") / "wav2lip.pth")
