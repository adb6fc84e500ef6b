"""Files of a folder become networks, or a line says what is wrong with them."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from base.errors import EngineError  # noqa: E402
from sadtalker.files import mapping_file, network_file  # noqa: E402
from sadtalker.geometry import moved_points  # noqa: E402
from sadtalker.loading import load_parts  # noqa: E402
from sadtalker.networks import load_networks  # noqa: E402
from tests.model_files import layout, save_safetensors, save_weights  # noqa: E402
from tests.sadtalker_networks import (  # noqa: E402
    assert_close,
    assert_picture_close,
    case,
    mapping_layout,
    picture,
    write_folder,
)

NETWORK, MAPPING = "SadTalker_V0.0.2_256.safetensors", "mapping_00229-model.pth.tar"


@pytest.fixture
def folder(tmp_path):
    """Files of full size that hold zeros: the disk keeps none of them."""
    save_safetensors(tmp_path / NETWORK, layout("sadtalker"))
    save_weights(tmp_path / MAPPING, mapping_layout(70), "mapping")
    return tmp_path


def error_of(folder, size=256, full=False):
    with pytest.raises(EngineError) as failure:
        load_parts(folder, size, full)
    message = str(failure.value)
    assert "\n" not in message
    assert message.startswith(str(folder))
    return message.removeprefix(str(folder))


def put_number(path, name, number):
    """Where the file has the first number of a tensor."""
    with path.open("r+b") as file:
        length = int.from_bytes(file.read(8), "little")
        start = json.loads(file.read(length))[name]["data_offsets"][0]
        file.seek(8 + length + start)
        file.write(np.float32(number).tobytes())


def test_a_folder_becomes_networks(folder):
    parts = load_parts(folder, 256, full=False)
    assert parts.mapping.first[0].weight.shape == (1024, 70, 7)


def test_files_of_any_name(folder):
    renamed = folder / "a.safetensors", folder / "b.pth"
    (folder / NETWORK).rename(renamed[0])
    (folder / MAPPING).rename(renamed[1])
    (folder / "broken.pth").write_bytes(b"PK\x03\x04")
    assert (network_file(folder, 512), mapping_file(folder, 70)) == renamed


def test_a_folder_that_is_not_there(tmp_path):
    assert "no folder with SadTalker's networks" in error_of(tmp_path / "none")


def test_a_file_that_is_missing(folder):
    assert f"holds no {NETWORK.replace('256', '512')}" in error_of(folder, size=512)
    assert "holds no mapping_00109-model.pth.tar" in error_of(folder, full=True)


def test_another_network(folder):
    save_safetensors(folder / NETWORK, {"conv.weight": (4, 3, 3, 3)})
    assert f"/{NETWORK}: is no SadTalker (face_3drecon)" in error_of(folder)


def test_another_version(folder):
    other = layout("sadtalker") | {"audio2exp.mapping1.weight": (64, 576)}
    save_safetensors(folder / NETWORK, other)
    assert "mapping1.weight is (64, 576), not (64, 577)" in error_of(folder)


def test_the_other_mapping(folder):
    (folder / MAPPING).rename(folder / "mapping_00109-model.pth.tar")
    assert "first.0.weight is (1024, 70, 7), not (1024, 73, 7)" in error_of(folder, full=True)


def test_a_file_that_is_cut_off(folder):
    with (folder / NETWORK).open("r+b") as file:
        file.truncate(700_000_000)
    assert "cut off or damaged" in error_of(folder)


def test_what_is_no_number(folder):
    put_number(folder / NETWORK, "audio2exp.mapping1.bias", np.nan)
    assert "mapping1.bias holds what is no number" in error_of(folder)


def test_code_is_not_run(folder):
    made = folder / "made"
    torch.save({"mapping": {"first.0.weight": Malicious(made)}}, folder / MAPPING)
    assert "holds code (posix.mkdir)" in error_of(folder)
    assert not made.exists()


class Malicious:
    """Makes a folder where it is unpickled."""

    def __init__(self, made):
        self.made = made

    def __reduce__(self):
        return os.mkdir, (str(self.made),)


@pytest.fixture(scope="module")
def filled_folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("sadtalker"))


@pytest.mark.slow
@pytest.mark.parametrize("numbers", [70, 73])
def test_the_whole_way(filled_folder, numbers):
    """From coefficients to pictures."""
    data = {key[4:]: value for key, value in case("chain").items() if key[:4] == f"c{numbers}_"}
    networks = load_networks(filled_folder, 256, numbers == 73, "cpu", False)
    canonical = networks.canonical_points(picture("source_256"))
    assert_close(canonical, data["kp"][0])
    own = moved_points(canonical, networks.motion(windows(data["source"], [0])))
    motion = networks.motion(windows(data["generated"], data["frames"]))
    if "yaw_in" in data:
        motion = replace(motion, yaw=data["yaw_in"])
    wanted = moved_points(canonical, motion)
    features = networks.source_features(picture("source_256"))
    made = networks.picture(features, own[0], wanted).transpose(0, 3, 1, 2)
    assert_picture_close(made[None, :, :, 64:192:4, 64:192:4], data["prediction_crop"])


def windows(rows, frames):
    """(n, numbers, 27): 13 rows on each side, the first and last repeated."""
    around = np.arange(-13, 14)
    return np.stack([rows[(frame + around).clip(0, len(rows) - 1)].T for frame in frames])
