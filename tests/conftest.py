"""What holds for every test."""

import signal

import pytest

from base.environment import prepare_environment

prepare_environment()  # before numpy is loaded

from tests.checkpoints import ruled_weights, save_bare  # noqa: E402


def pytest_configure():
    """Children hear signals also where the tests were started by nohup, or in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda number, frame: None)


@pytest.fixture(scope="session")
def weights():
    """Of the whole network, made once for all tests."""
    return ruled_weights()


@pytest.fixture(scope="session")
def checkpoint(weights, tmp_path_factory):
    """A checkpoint file of the whole network."""
    return save_bare(weights, tmp_path_factory.mktemp("weights") / "wav2lip.pth")
