"""The network equals the original one: in its names, its shapes, and what it computes."""

from pathlib import Path

import numpy as np
import pytest
import torch

from base.generator import WHOLE_PATCH
from base.openvino import core
from tests.checkpoints import folded, layout, network_of
from wav2lip.generators.openvino_graph import Float, network_graph
from wav2lip.network import Wav2Lip, fold_norms

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def reference():
    with np.load(DATA / "network_forward.npz") as arrays:
        return {name: arrays[name] for name in arrays}


@pytest.fixture(scope="module")
def torch_folded(weights):
    return fold_norms(network_of(weights))


def forward(network, reference):
    with torch.inference_mode():
        return network(*(torch.from_numpy(reference[name]) for name in ("mel", "face"))).numpy()


def compiled_forward(weights, reference, precision):
    hint = {"INFERENCE_PRECISION_HINT": precision}
    compiled = core().compile_model(network_graph(Float(folded(weights)), WHOLE_PATCH), "CPU", hint)
    return compiled([reference["mel"], reference["face"]])[0]


def test_state_dict_has_the_layout_of_the_published_checkpoints():
    with torch.device("meta"):
        state = Wav2Lip().state_dict()
    ours = [(name, [*t.shape], str(t.dtype).removeprefix("torch.")) for name, t in state.items()]
    assert ours == layout()


def test_output_equals_the_original_network(weights, reference):
    out = forward(network_of(weights), reference)
    assert np.abs(out - reference["out"]).max() < 1e-4


def test_folding_the_norms_keeps_the_output(torch_folded, reference):
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in torch_folded.modules())
    assert np.abs(forward(torch_folded, reference) - reference["out"]).max() < 1e-4


def test_the_norms_are_folded_as_torch_does_to_the_bit(weights, torch_folded):
    ours, theirs = folded(weights), torch_folded.state_dict()
    assert ours.keys() == theirs.keys()
    for name, array in ours.items():
        assert array.flags.c_contiguous and array.flags.owndata, name
        assert array.tobytes() == theirs[name].contiguous().numpy().tobytes(), name


def test_openvino_graph_equals_the_original_network(weights, reference):
    out = compiled_forward(weights, reference, "f32")
    assert np.abs(out - reference["out"]).max() < 2e-4


def test_openvino_graph_in_bf16_is_near_the_original_network(weights, reference):
    if "BF16" not in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this processor has no bf16")
    difference = np.abs(compiled_forward(weights, reference, "bf16") - reference["out"]).max()
    assert 1e-4 < difference < 0.02  # more than fp32's, or it was not used
