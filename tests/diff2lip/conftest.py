"""The reference case, and the network with the weights that it was computed with."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from tests.filled_weights import filled_weights

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def layout():
    """(name, shape) of every tensor of a published checkpoint, in its order."""
    rows = json.loads(gzip.decompress((DATA / "layout.json.gz").read_bytes()))
    return [(name, tuple(shape)) for name, shape in rows]


@pytest.fixture(scope="session")
def case():
    with np.load(DATA / "forward.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="session")
def weights(layout):
    return filled_weights(layout)


@pytest.fixture(scope="session")
def unet(weights):
    pytest.importorskip("torch")
    from diff2lip.networks import TITLE
    from diff2lip.unet import UNet
    from networks.loading import filled

    return filled(UNet, weights, Path("filled.pt"), TITLE)
