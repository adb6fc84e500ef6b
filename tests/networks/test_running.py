"""A filled network runs by torch and by OpenVINO, and gives the same."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from base.errors import EngineError  # noqa: E402
from networks import running  # noqa: E402


class Two(torch.nn.Module):
    """Two inputs, two outputs."""

    def forward(self, left, right):
        return left @ right, left.sum()


LEFT = np.arange(6, dtype=np.float32).reshape(2, 3)
RIGHT = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.mark.parametrize(
    "run",
    [
        pytest.param(lambda: running.by_torch(Two(), "cpu"), id="torch"),
        pytest.param(lambda: running.by_openvino(Two(), (LEFT, RIGHT)), id="openvino"),
    ],
)
def test_arrays_go_in_and_come_out(run):
    product, total = run()(LEFT, RIGHT)
    np.testing.assert_array_equal(product, LEFT @ RIGHT)
    assert product.dtype == np.float32
    assert float(total) == LEFT.sum()


def test_what_cannot_be_run_is_a_line():
    run = running.by_torch(Two(), "cpu")
    with pytest.raises(EngineError, match="cannot be run"):
        run(LEFT, LEFT)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_told():
    assert running.choose_device("auto") == "cpu"
    with pytest.raises(EngineError, match="choose --device cpu"):
        running.choose_device("cuda")


def test_traced_small_and_run_large():
    torch.manual_seed(1)
    network = torch.nn.Conv2d(1, 2, 3, padding=1).requires_grad_(False)
    small, large = np.zeros((1, 1, 4, 4), np.float32), np.ones((1, 1, 9, 8), np.float32)
    made = running.by_openvino(network, (small,), shapes=[large.shape])(large)
    np.testing.assert_allclose(made[0], network(torch.from_numpy(large)), atol=1e-6)
