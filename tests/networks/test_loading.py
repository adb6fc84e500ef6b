"""Filling a network from a file: all fits, or a line says what does not."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from base.errors import EngineError  # noqa: E402
from networks.loading import filled, part_of  # noqa: E402
from tests.filled_weights import filled_weights  # noqa: E402

PATH = Path("small.safetensors")
LAYOUT = [
    ("0.weight", (4, 3, 3, 3)),
    ("0.bias", (4,)),
    *((f"1.{name}", (4,)) for name in ("weight", "bias", "running_mean", "running_var")),
    ("1.num_batches_tracked", ()),
]


def build():
    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))


def weights(**changed):
    return filled_weights(LAYOUT) | changed


def test_every_tensor_lies_in_its_place():
    network = filled(build, weights(), PATH, "small network")
    for name, value in network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            np.testing.assert_array_equal(value.numpy(), weights()[name])
    assert not network.training


def test_counters_of_training_may_be_missing():
    tensors = weights()
    del tensors["1.num_batches_tracked"]
    assert filled(build, tensors, PATH, "small network")(torch.zeros(1, 3, 4, 4)).isfinite().all()


def test_a_missing_tensor_is_named():
    tensors = weights()
    del tensors["0.bias"]
    with pytest.raises(
        EngineError, match=r"small\.safetensors: is no small network.*lacks 0\.bias"
    ):
        filled(build, tensors, PATH, "small network")


def test_tensors_too_many_are_counted():
    more = {"2.weight": np.zeros(1, np.float32), "2.bias": np.zeros(1, np.float32)}
    with pytest.raises(EngineError, match=r"has 2\.bias and 1 more"):
        filled(build, weights(**more), PATH, "small network")


def test_another_shape_is_told():
    with pytest.raises(EngineError, match=r"0\.bias is \(5,\), not \(4,\)"):
        filled(build, weights(**{"0.bias": np.zeros(5, np.float32)}), PATH, "small network")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(EngineError, match="damaged"):
        filled(build, weights(**{"0.bias": np.full(4, value, np.float32)}), PATH, "small network")


def test_a_part_is_named_from_its_own_top():
    tensors = {"encoder.first.weight": np.zeros(1), "decoder.first.weight": np.ones(1)}
    assert part_of(tensors, "encoder.") == {"first.weight": tensors["encoder.first.weight"]}
