"""Numbers of the original: what stands between SadTalker's networks."""

import json
from pathlib import Path

import numpy as np
import pytest

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def facts():
    return json.loads((DATA / "glue.json").read_text())


@pytest.fixture(scope="session")
def arrays():
    with np.load(DATA / "glue.npz") as data:
        return dict(data)
