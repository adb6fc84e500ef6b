"""The networks that hear and see, held against the original's numbers."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from networks.loading import filled  # noqa: E402
from networks.running import by_torch  # noqa: E402
from sadtalker.expression import ExpressionNetwork  # noqa: E402
from sadtalker.geometry import degrees_of  # noqa: E402
from sadtalker.key_points import KeyPointDetector  # noqa: E402
from sadtalker.loading import fill_part  # noqa: E402
from sadtalker.mapping import MappingNetwork  # noqa: E402
from sadtalker.networks import pose_blocks  # noqa: E402
from sadtalker.pose import PoseNetwork  # noqa: E402
from sadtalker.reconstruction import Reconstruction  # noqa: E402
from tests.sadtalker_networks import (  # noqa: E402
    FILE,
    assert_close,
    case,
    mapping_weights,
    networks_with,
    picture,
    recorded,
    weights,
)


@pytest.fixture(scope="module")
def expression():
    return fill_part(ExpressionNetwork, weights("audio2exp."), "audio2exp", FILE)


@pytest.fixture(scope="module")
def pose():
    return fill_part(PoseNetwork, weights("audio2pose."), "audio2pose", FILE)


@pytest.fixture(scope="module")
def reconstruction():
    return fill_part(Reconstruction, weights("face_3drecon."), "face_3drecon", FILE)


@pytest.fixture(scope="module")
def key_points():
    return fill_part(KeyPointDetector, weights("kp_extractor."), "kp_extractor", FILE)


def test_expressions(expression):
    data = case("expression")
    networks = networks_with(expression=by_torch(expression, "cpu"))
    windows, sources, blinks = data["mel"][0, :, 0], data["ref"][0, :, :64], data["ratio"][0, :, 0]
    with recorded(expression.audio_encoder) as heard:
        made = networks.expressions(windows, sources, blinks)
    assert_close(heard[0].flatten(1), data["features"])
    assert_close(made, data["exp"][0])
    of_one = networks.expressions(windows, sources[0], blinks)
    assert_close(of_one[0], made[0])
    assert np.abs(of_one[1] - made[1]).max() > 0.1


@pytest.mark.parametrize("length", ["long", "short"])
def test_poses(pose, length):
    data = {name.partition("_")[2]: array for name, array in case("pose").items() if length in name}
    networks = networks_with(pose=by_torch(pose, "cpu"))
    windows, source = data["mel"][0, :, 0], data["ref"][0, 0, 64:]
    decoder = pose.netG.decoder
    with recorded(decoder.MLP) as rough, recorded(decoder.resunet) as smooth:
        made = networks.poses(windows, source, int(data["class"][0]), data["z"][:, 0])
    assert_close(torch.stack(rough), data["mlp"])
    assert_close(torch.stack(smooth), data["resunet"])
    assert_close(made, data["pose"][0])


def test_poses_of_any_length(pose):
    networks = networks_with(pose=by_torch(pose, "cpu"))
    source = np.arange(6, dtype=np.float32)
    windows = np.zeros((33, 80, 16), np.float32)
    for frames in (1, 2, 33):
        noise = np.zeros((pose_blocks(frames), 64), np.float32)
        made = networks.poses(windows[:frames], source, 45, noise)
        assert made.shape == (frames, 6)
        np.testing.assert_array_equal(made[0], source)
    with pytest.raises(ValueError, match="poses of style 46"):
        networks.poses(windows, source, 46, noise)


@pytest.mark.parametrize("coefficients", [70, 73])
def test_motion(coefficients):
    network = filled(
        lambda: MappingNetwork(coefficients), mapping_weights(coefficients), FILE, "mapping"
    )
    numbers = {
        name.partition("_")[2]: array
        for name, array in case("mapping").items()
        if name.startswith(f"m{coefficients}_")
    }
    made = by_torch(network, "cpu")(numbers["in"])
    for array, name in zip(made, ("yaw", "pitch", "roll", "t", "exp"), strict=True):
        assert_close(array, numbers[name])
    motion = networks_with(mapping=by_torch(network, "cpu")).motion(numbers["in"])
    np.testing.assert_array_equal(motion.roll, degrees_of(made[2]))
    assert_close(motion.offsets, numbers["exp"].reshape(-1, 15, 3))


def test_coefficients(reconstruction):
    data, backbone = case("reconstruction"), reconstruction.backbone
    networks = networks_with(reconstruction=by_torch(reconstruction, "cpu"))
    layers = [getattr(backbone, f"layer{number}") for number in (1, 2, 3, 4)]
    with recorded(backbone, *layers) as stages:
        made = networks.coefficients(picture("aligned"))
    first, second, third, fourth, pooled = stages
    assert_close(first[:, :, 28, 20:24], data["layer1_slice"])
    assert_close(second[:, :, 14, 10:12], data["layer2_slice"])
    assert_close(third[:, :, 7, 5], data["layer3_slice"])
    assert_close(fourth[:, :, 3, 3], data["layer4_slice"])
    assert_close(pooled.flatten(1), data["pooled"])
    assert_close(made, data["coeff"][0])


@pytest.mark.parametrize("size", [256, pytest.param(512, marks=pytest.mark.slow)])
def test_canonical_points(key_points, size):
    data = {key[5:]: value for key, value in case("key_points").items() if key[1:4] == str(size)}
    networks = networks_with(size, key_points=by_torch(key_points, "cpu"))
    parts = key_points.down, key_points.predictor.conv, key_points.predictor, key_points.kp
    with recorded(*parts) as stages:
        made = networks.canonical_points(picture(f"source_{size}"))
    down, bottleneck, features, logits = stages
    middle = size // 8
    assert_close(down[:, :, ::2, ::2], data["down"])
    assert_close(bottleneck[:, ::64], data["bottleneck_slice"])
    assert_close(features[:, :, 5, middle, ::4], data["feature_slice"])
    near = slice(middle - 8, middle + 8)
    assert_close(logits[:, :, 5, near, near], data["logits_slice"])
    assert_close(made, data["kp"][0])
