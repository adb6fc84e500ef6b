import pytest

from stages.animate.networks import Networks
from stages.animate.portrait import see_portrait
from stages.animate.stage import Living
from tests.stages.animate.portraits import FACE, photo


@pytest.fixture(scope="session")
def networks():
    return Networks.load()


@pytest.fixture(scope="session")
def portrait(networks):
    return see_portrait(networks, photo(), FACE)


@pytest.fixture(scope="session")
def living(networks):
    return Living.of(networks, photo(), FACE, 1.0)
