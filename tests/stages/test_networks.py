"""Image networks in the files that users have, and in files that are none."""

import numpy as np
import pytest
import torch

from base.errors import EngineError
from stages.network_files import load_network
from stages.networks import ImageNetwork, ImageNetworkFile
from stages.onnx_networks import FIDELITY
from stages.torch_networks import FORWARDS, check_packages, compute_of, import_spandrel, on_cpu
from tests.checkpoints import Trap, save_malicious, save_other_network, save_web_page
from tests.onnx_writer import DOUBLE, FLOAT32
from tests.stages.picture_networks import (
    ANY,
    FACE,
    SHARP,
    SHARPEN,
    compact,
    enlarging,
    filtered,
    gfpgan,
    identity,
    not_a_number,
    onnx_file,
    rrdb,
    save_params,
    weighted,
)

SMALL = (64, 48)


def pictures(count=1, size=SMALL):
    width, height = size
    return np.random.default_rng(3).random((count, 3, height, width), np.float32)


def load(path, size=SMALL, **more):
    return load_network(ImageNetworkFile(path, size, **more))


def test_an_onnx_network_of_any_size_takes_the_wanted_one(tmp_path):
    network = load(onnx_file(tmp_path / "a.onnx", enlarging(2), ANY, ANY))
    assert (network.size, network.scale, network.kind) == (SMALL, 2, "ONNX by OpenVINO")
    given = pictures()
    made = network(given)
    assert made.shape == (1, 3, 96, 128)
    inner = given[0, :, 1:-1, 1:-1]
    around = given[0, :, :-2, 1:-1] + given[0, :, 2:, 1:-1]
    around += given[0, :, 1:-1, :-2] + given[0, :, 1:-1, 2:]
    true = np.clip(3 * inner - around / 2, 0, 1)
    assert np.abs(made[0, :, 2:-2:2, 3:-2:2] - true).max() < 1e-5


def test_a_signed_network_gets_and_gives_numbers_from_minus_one_to_one(tmp_path):
    path = onnx_file(tmp_path / "a.onnx", filtered(np.full((1, 1), 0.5)), ANY, ANY)
    given = pictures()
    assert np.abs(load(path, signed=True)(given) - (given + 0.5) / 2).max() < 1e-6
    assert np.abs(load(path)(given) - given / 2).max() < 1e-6


@pytest.mark.parametrize("kind", [DOUBLE, FLOAT32])
def test_codeformers_weight_is_given(tmp_path, kind):
    path = onnx_file(tmp_path / "a.onnx", weighted, ANY, ANY, weight=kind)
    given = pictures()
    assert np.abs(load(path)(given) - given * FIDELITY).max() < 1e-6


def test_a_fixed_batch_is_filled(tmp_path):
    network = load(onnx_file(tmp_path / "a.onnx", identity, (4, 3, 48, 64), (4, 3, 48, 64)))
    assert network.together == 4
    given = pictures(6)
    assert np.array_equal(network(given), given)


@pytest.mark.parametrize(
    ("given", "made", "words"),
    [
        (("n", 1, "h", "w"), ("n", 1, "h", "w"), "1 channels"),
        (("n", 3), ("n", 3), "takes 0 pictures"),
        ((99, 3, 48, 64), (99, 3, 48, 64), "99 pictures"),
    ],
)
def test_onnx_networks_of_other_things_are_refused(tmp_path, given, made, words):
    with pytest.raises(EngineError, match=words):
        load(onnx_file(tmp_path / "a.onnx", identity, given, made))


def test_sizes_that_do_not_fit_are_refused(tmp_path):
    def to_one_size(graph, x):
        return graph.node("Add", [x, graph.weight(torch.zeros(1, 3, 32, 32))])

    with pytest.raises(EngineError, match="no pictures of 64x48"):
        load(onnx_file(tmp_path / "a.onnx", to_one_size, ANY, ANY))


def test_what_is_no_number_is_an_error_when_it_comes(tmp_path):
    network = load(onnx_file(tmp_path / "a.onnx", not_a_number, ANY, ANY))
    with pytest.raises(EngineError, match="no number"):
        network(pictures())


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    path = onnx_file(tmp_path / "a.onnx", filtered(np.full((1, 1), np.nan)), ANY, ANY)
    with pytest.raises(EngineError, match="no number"):
        load(path)
    torch.save({"a.weight": torch.full((3, 3), torch.inf)}, tmp_path / "a.pth")
    with pytest.raises(EngineError, match=r"a\.weight holds what is no number"):
        load(tmp_path / "a.pth")


def test_an_engines_own_error_is_one_line():
    def run(pictures):
        raise RuntimeError("shapes\ndo not\nmatch")

    network = ImageNetwork("a.pth", "made", SMALL, 1, run)
    with pytest.raises(EngineError, match=r"cannot be run: shapes$"):
        network(pictures())


@pytest.mark.parametrize("how", ["zip", "legacy", "pickle", "torchscript"])
def test_code_in_a_file_never_runs(tmp_path, how):
    trace = tmp_path / "it-ran"
    path = save_malicious(tmp_path / "a.pth", trace, how)
    with pytest.raises(EngineError, match=r"not run|damaged"):
        load(path)
    assert not trace.exists()
    Trap(trace).__reduce__()[0](trace)  # it would have
    assert trace.exists()


def test_files_that_hold_no_image_network_are_refused(tmp_path):
    with pytest.raises(EngineError, match="no network that spandrel knows"):
        load(save_other_network(tmp_path / "a.pth"))
    with pytest.raises(EngineError, match="web page"):
        load(save_web_page(tmp_path / "b.pth"))
    with pytest.raises(EngineError, match="there is no such"):
        load(tmp_path / "c.pth")


@pytest.mark.parametrize("suffix", [".pth", ".onnx"])
def test_a_file_that_is_cut_off_is_refused(tmp_path, suffix):
    whole = tmp_path / f"whole{suffix}"
    if suffix == ".pth":
        save_params(compact(), whole)
    else:
        onnx_file(whole, SHARP, ANY, ANY)
    path = tmp_path / f"half{suffix}"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(EngineError, match=r"cut off|damaged"):
        load(path)


def test_a_file_that_claims_more_numbers_than_it_holds_is_refused(tmp_path):
    torch.save({"body.0.weight": torch.zeros(1).expand(4096, 4096, 3, 3)}, tmp_path / "a.pth")
    with pytest.raises(EngineError, match="more numbers than it holds"):
        load(tmp_path / "a.pth")


@pytest.mark.slow
@pytest.mark.parametrize("key", ["params", "params_ema", "state_dict"])
@pytest.mark.parametrize(("make", "scale"), [(compact, 2), (rrdb, 4)])
def test_spandrels_networks_are_computed_as_torch_does(tmp_path, key, make, scale):
    network = make(scale)
    loaded = load(save_params(network, tmp_path / "a.pth", key))
    assert (loaded.scale, loaded.size) == (scale, SMALL)
    given = pictures(2)
    true = network(torch.from_numpy(given)).clamp(0, 1).numpy()
    assert true.std() > 0.01
    assert np.abs(loaded(given) - true).max() < 1e-3


def test_safetensors_are_read(tmp_path):
    from safetensors.torch import save_file

    network = compact()
    save_file(network.state_dict(), tmp_path / "a.safetensors")
    given = pictures()
    true = network(torch.from_numpy(given)).clamp(0, 1).numpy()
    assert np.abs(load(tmp_path / "a.safetensors")(given) - true).max() < 1e-3


@pytest.mark.slow
def test_gfpgan_is_computed_as_torch_does_with_its_kept_noise():
    """The real architecture with few channels: spandrel would make it of all of them."""
    network = gfpgan(narrow=1 / 16)
    described = import_spandrel().ImageModelDescriptor(
        network,
        network.state_dict(),
        architecture=type("GFPGAN", (), {"id": "GFPGAN", "name": "GFPGAN"}),
        purpose="FaceSR",
        tags=[],
        supports_half=False,
        supports_bfloat16=True,
        scale=1,
        input_channels=3,
        output_channels=3,
    )
    given = pictures(size=(512, 512))
    signed = torch.from_numpy(given) * 2 - 1
    true = (network(signed, randomize_noise=False)[0].numpy() + 1) / 2
    assert not np.allclose(true, (network(signed)[0].numpy() + 1) / 2, atol=0.01)
    assert np.abs(compute_of(described)(torch.from_numpy(given)).numpy() - true).max() < 1e-6
    run = on_cpu(ImageNetworkFile("a.pth", (512, 512)), described)
    assert np.abs(run(given) - true).max() < 1e-3 < true.std()


def test_where_packages_are_missing_a_line_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr("stages.torch_networks.PACKAGES", ("torch", "no_such_package"))
    with pytest.raises(EngineError, match=r"needs no_such_package: pip install -r requirements-en"):
        check_packages(ImageNetworkFile(tmp_path / "a.pth", SMALL))


def test_a_gpu_that_is_not_there_is_an_error(tmp_path):
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(EngineError, match="no GPU"):
        load(save_params(compact(), tmp_path / "a.pth"), device="cuda")


def test_the_known_forwards_are_those_of_spandrels_architectures():
    spandrel = import_spandrel()
    known = {one.architecture.id for one in spandrel.MAIN_REGISTRY.architectures()}
    assert set(FORWARDS) <= known


def test_the_kernel_of_these_tests_sharpens():
    assert SHARPEN.sum() == 1 and SHARPEN.max() > 1 and FACE[2:] == (512, 512)
