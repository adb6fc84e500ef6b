"""Volumes are sampled as torch samples them; OpenVINO itself knows pictures alone."""

import numpy as np
import pytest
import torch

from base.openvino import core
from liveportrait.volumes import read_network
from tests.liveportrait_networks import save
from tests.onnx_writer import Graph


def sampled(tmp_path, data, grid, corners):
    graph = Graph()
    out = graph.node("GridSample", ["x", "grid"], align_corners=int(corners))
    shape = [*data.shape[:2], *grid.shape[1:-1]]
    inputs = {"x": [*data.shape], "grid": [*grid.shape]}
    save(tmp_path / "net.onnx", graph, inputs, {out: shape})
    model = read_network(tmp_path / "net.onnx")
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    return core().compile_model(model, "CPU", settings)([data, grid])[0]


@pytest.mark.parametrize("corners", [False, True])
@pytest.mark.parametrize(
    ("shape", "places"), [((2, 4, 5, 6, 7), (2, 3, 4, 5, 3)), ((2, 3, 8, 9), (2, 4, 5, 2))]
)
def test_as_torch_does(tmp_path, corners, shape, places):
    rng = np.random.default_rng(0)
    data = rng.normal(size=shape).astype(np.float32)
    grid = rng.uniform(-1.3, 1.3, places).astype(np.float32)  # also outside
    wanted = torch.nn.functional.grid_sample(
        torch.tensor(data), torch.tensor(grid), align_corners=corners
    )
    assert np.abs(sampled(tmp_path, data, grid, corners) - wanted.numpy()).max() < 1e-5
