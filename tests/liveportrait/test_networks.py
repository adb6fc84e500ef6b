"""Networks in both known conversions: found, checked, run; others are refused in a line."""

import numpy as np
import pytest

from base.errors import EngineError
from liveportrait.geometry import rotation_of
from liveportrait.networks import FILES, load_networks
from tests import liveportrait_networks as made
from tests.slow import rest_slow

FOLDERS = rest_slow([made.faster_folder, made.fusion_folder])


@pytest.fixture(params=FOLDERS)
def folder(request, tmp_path):
    return request.param(tmp_path / "networks")


def bright(level):
    return np.full((1, 3, 256, 256), level, np.float32)


def test_a_head_is_seen(folder):
    networks = load_networks(folder)
    still, turned = networks.head(bright(0)), networks.head(bright(1))
    assert np.abs(still.rotation - np.eye(3)).max() < 1e-5
    yaw = np.degrees(np.arcsin(turned.rotation[0, 2]))
    assert np.abs(turned.rotation - rotation_of(0, yaw, 0)).max() < 1e-5 and yaw > 1
    assert still.scale == pytest.approx(1.5) and not still.expression.any()
    assert turned.expression == pytest.approx(0.02)
    assert still.translation == pytest.approx([0, 0.1, 0.3])
    assert np.ptp(still.points) > 0.3  # and not the expression


def test_points_are_given_to_the_inputs_that_they_belong_to(folder):
    """The picture grows brighter where the wanted points lie further to the right."""
    networks = load_networks(folder)
    features, own = networks.features(bright(0.4)), networks.head(bright(0.4)).placed
    right = own + np.array([0.1, 0, 0], np.float32)
    assert networks.picture(features, own, own) == pytest.approx(0.4, abs=1e-5)
    assert networks.picture(features, own, right) == pytest.approx(0.5, abs=1e-5)
    assert networks.picture(features, right, own) == pytest.approx(0.3, abs=1e-5)


@pytest.mark.parametrize("make", FOLDERS)
def test_stitching_corrects_the_wanted_points(tmp_path, make):
    networks = load_networks(make(tmp_path / "networks", share=0.25))
    own, wanted = np.random.default_rng(0).normal(size=(2, 21, 3)).astype(np.float32)
    corrected = networks.stitched(own, wanted)
    assert np.abs(corrected - (wanted + 0.25 * (own - wanted))).max() < 1e-5


@pytest.mark.parametrize("names", FILES.values())
def test_a_missing_file_is_named(tmp_path, names):
    folder = made.faster_folder(tmp_path / "networks")
    (folder / names[0]).unlink()
    with pytest.raises(EngineError, match=rf"holds no {names[0]}"):
        load_networks(folder)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(EngineError, match="no folder"):
        load_networks(tmp_path / "none")


@pytest.mark.parametrize("names", FILES.values())
@pytest.mark.parametrize("other", FILES.values())
def test_another_network_is_refused_in_a_line(tmp_path, names, other):
    if names == other:
        return
    folder = made.faster_folder(tmp_path / "networks")
    (folder / names[0]).write_bytes((folder / other[0]).read_bytes())
    with pytest.raises(EngineError) as refused:
        load_networks(folder)
    assert "\n" not in str(refused.value) and ".onnx: " in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"no network", b"cut"])
def test_a_file_that_is_no_network_is_refused_in_a_line(tmp_path, content):
    folder = made.faster_folder(tmp_path / "networks")
    path = folder / "stitching.onnx"
    path.write_bytes(path.read_bytes()[:500] if content == b"cut" else content)
    with pytest.raises(EngineError, match=r"stitching\.onnx: ") as refused:
        load_networks(folder)
    assert "\n" not in str(refused.value)


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    folder = made.faster_folder(tmp_path / "networks", share=float("nan"))
    with pytest.raises(EngineError, match="no number"):
        load_networks(folder)


def test_a_head_without_a_size_is_refused(tmp_path):
    folder = made.faster_folder(tmp_path / "networks")
    made.motion(folder / "motion_extractor.onnx", broken=True)
    with pytest.raises(EngineError, match="a head of the size 0"):
        load_networks(folder)
