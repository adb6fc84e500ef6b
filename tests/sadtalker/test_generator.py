"""The generator, held against the original's numbers; by torch and by OpenVINO."""

import pytest

torch = pytest.importorskip("torch")

from networks.running import by_torch  # noqa: E402
from sadtalker.dense_motion import motions_seen, source_places  # noqa: E402
from sadtalker.generator import Generator, SourceEncoder, warped  # noqa: E402
from sadtalker.loading import fill_part  # noqa: E402
from sadtalker.running import MixedPrecision, by_parts  # noqa: E402
from sadtalker.spade import SpectralConv, fold_spectral_norms  # noqa: E402
from tests.sadtalker_networks import (  # noqa: E402
    FILE,
    assert_close,
    assert_picture_close,
    case,
    networks_with,
    picture,
    recorded,
    weights,
)


@pytest.fixture(scope="module")
def generator():
    network = fill_part(Generator, weights("generator."), "generator", FILE)
    fold_spectral_norms(network)
    return network


@pytest.fixture(scope="module", params=[256, pytest.param(512, marks=pytest.mark.slow)])
def size(request):
    return request.param


@pytest.fixture(scope="module")
def features(generator, size):
    """Of the source, beside the features before they become a volume."""
    networks = networks_with(size, encoder=by_torch(SourceEncoder(generator), "cpu"))
    with recorded(generator.second) as flat:
        return networks.source_features(picture(f"source_{size}")), flat[0]


@pytest.fixture(scope="module")
def motion(generator, features, size):
    """Shares, occlusion, hourglass, and the moved features."""
    data, dense = case(f"generator_{size}"), generator.dense_motion_network
    points = [torch.from_numpy(data[name]) for name in ("kp_source", "kp_driving")]
    compressed = torch.from_numpy(features[0].compressed)
    volume = torch.from_numpy(features[0].volume)
    with torch.inference_mode(), recorded(dense.hourglass) as hourglass:
        shares, occlusion = dense(motions_seen(compressed, *points))
        places = source_places(shares, *points)
        moved = generator.fourth(generator.third(warped(volume, shares, *points)))
    return {
        **{"mask": shares, "occlusion": occlusion, "hourglass": hourglass[0]},
        **{"deformation": places, "fourth": moved},
    }


def test_the_source_is_seen(features, size):
    data, row = case(f"generator_{size}"), size // 8
    assert_close(features[1][:, ::8, row, ::4], data["feature_2d_slice"])
    assert_close(features[0].volume[:, :, ::5, row, ::4], data["feature_3d_slice"])


@pytest.mark.slow
def test_every_voxel_finds_its_place(motion, size):
    data, row, step = case(f"generator_{size}"), size // 8, size // 256
    assert_close(motion["hourglass"][:, :, 7, row, ::8], data["hourglass_slice"])
    assert_close(motion["mask"][:, :, 7, row, ::2], data["mask_slice"])
    kept = slice(None, None, 4 * step)
    assert_close(motion["deformation"][:, ::5, kept, kept], data["deformation_slice"])
    assert_close(motion["occlusion"][:, :, :: step**2, :: step**2], data["occlusion"])
    assert_close(motion["fourth"][:, ::4, row, ::8], data["fourth_slice"])


@pytest.mark.slow
def test_the_picture(generator, features, size):
    data = case(f"generator_{size}")
    networks = networks_with(size, generator=by_torch(generator, "cpu"))
    decoder = generator.decoder
    with recorded(decoder.G_middle_5, decoder.up_0) as blocks:
        made = networks.picture(features[0], data["kp_source"][0], data["kp_driving"])
    assert made.shape == (1, size, size, 3)
    assert_close(blocks[0][:, ::4, size // 8, ::8], data["G_middle_5_slice"])
    assert_close(blocks[1][:, ::4, size // 4, ::16], data["up_0_slice"])
    assert_picture(made, data, size)


@pytest.mark.slow
def test_openvino_draws_the_same_picture(generator, features, size):
    data = case(f"generator_{size}")
    networks = networks_with(size, generator=by_parts(generator, size, half=False))
    made = networks.picture(features[0], data["kp_source"][0], data["kp_driving"])
    assert_picture(made, data, size)


def assert_picture(made, data, size):
    planes = made.transpose(0, 3, 1, 2)
    near = slice(size // 2 - 64, size // 2 + 64, 2)
    assert_close(planes[:, :, near, near], data["prediction_crop"])
    step = size // 64
    check = assert_close if size == 256 else assert_picture_close
    check(planes[:, :, ::step, ::step], data["prediction_sub"])


def test_a_folded_norm_changes_nothing():
    torch.manual_seed(1)
    conv = SpectralConv(3, 4).requires_grad_(False)
    for tensor in (conv.weight_orig, conv.bias, conv.weight_u, conv.weight_v):
        tensor.normal_()
    inputs = torch.rand(1, 3, 5, 5)
    assert (conv(inputs) - conv.folded()(inputs)).abs().max() < 1e-5


def test_half_precision_leaves_places_exact():
    place = torch.tensor([[[0.12345678]]])
    made = MixedPrecision(torch.nn.Sequential(torch.nn.Identity()))(place)
    assert made.item() == place.item()
    conv = torch.nn.Conv2d(1, 1, 1).requires_grad_(False)
    assert MixedPrecision(conv)(torch.rand(1, 1, 2, 2)).dtype == torch.bfloat16  # on a CPU


def test_every_norm_is_folded(generator):
    assert not any(isinstance(module, SpectralConv) for module in generator.modules())
