"""The networks have the tensors of the published files, row by row."""

import pytest

torch = pytest.importorskip("torch")

from sadtalker.expression import ExpressionNetwork  # noqa: E402
from sadtalker.generator import Generator  # noqa: E402
from sadtalker.key_points import KeyPointDetector  # noqa: E402
from sadtalker.loading import TRAINING  # noqa: E402
from sadtalker.mapping import MappingNetwork  # noqa: E402
from sadtalker.pose import PoseNetwork  # noqa: E402
from sadtalker.reconstruction import Reconstruction  # noqa: E402
from tests.model_files import layout  # noqa: E402
from tests.sadtalker_networks import mapping_layout  # noqa: E402

NETWORKS = {
    "kp_extractor": KeyPointDetector,
    "generator": Generator,
    "audio2exp": ExpressionNetwork,
    "audio2pose": PoseNetwork,
    "face_3drecon": Reconstruction,
}


def rows_of(build, prefix=""):
    with torch.device("meta"):
        state = build().state_dict()
    return sorted((f"{prefix}{name}", tuple(value.shape)) for name, value in state.items())


@pytest.mark.parametrize("part", NETWORKS)
def test_the_tensors_of_each_part(part):
    training = tuple(f"{part}.{name}" for name in TRAINING)
    expected = [row for row in layout("sadtalker").items() if row[0].startswith(f"{part}.")]
    expected = [row for row in expected if not row[0].startswith(training)]
    assert rows_of(NETWORKS[part], f"{part}.") == sorted(expected)


def test_no_part_is_left_out():
    assert {name.split(".")[0] for name in layout("sadtalker")} == set(NETWORKS)


@pytest.mark.parametrize("coefficients", [70, 73])
def test_the_tensors_of_the_mapping(coefficients):
    rows = rows_of(lambda: MappingNetwork(coefficients))
    assert rows == sorted(mapping_layout(coefficients).items())
