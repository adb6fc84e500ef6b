"""What all tests of the address use."""

import pytest

from tests.jobs import inputs
from tests.media import make_sound
from tests.web.server import serving

__all__ = ["inputs"]


@pytest.fixture(scope="session")
def long(inputs):
    return make_sound(inputs / "minutes.wav", seconds=120)


@pytest.fixture(scope="session")
def server(inputs, long, tmp_path_factory):
    """One for all tests that leave it as it was."""
    data = tmp_path_factory.mktemp("service") / "data"
    with serving(
        data, "--workers", 1, "--allow_root", inputs, "--max_upload", 5_000_000, "--grace", 0
    ) as server:
        yield server
