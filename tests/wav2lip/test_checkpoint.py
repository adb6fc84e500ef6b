"""Every format of checkpoint is read by safe means; the rest is refused in one line."""

import os
import zipfile
from collections import OrderedDict

import pytest
import torch

import wav2lip.checkpoint
from base.errors import EngineError
from tests import onnx_writer
from tests.checkpoints import (
    flat_weights,
    folded,
    save_bare,
    save_classic,
    save_cut_off,
    save_malicious,
    save_onnx,
    save_other_network,
    save_safetensors,
    save_torchscript,
    save_web_page,
)
from wav2lip.checkpoint import (
    CheckpointFormat,
    checkpoint_folders,
    detect_format,
    find_checkpoint,
    load_weights,
    read_weights,
)
from wav2lip.folding import fold_norms
from wav2lip.generators.openvino_engine import read_onnx
from wav2lip.network import load_network

SMALL = OrderedDict(a=torch.arange(6.0).reshape(2, 3), b=torch.tensor([0.5, -2.0]))


def refusal(path, load=load_weights):
    """The one-line message that the checkpoint is refused with, without its path."""
    with pytest.raises(EngineError) as caught:
        load(path)
    line = str(caught.value)
    assert line.startswith(str(path)) and "\n" not in line
    return line.removeprefix(str(path))


def assert_equal(read, weights):
    assert read.keys() == weights.keys()
    for name, value in weights.items():
        assert read[name].shape == tuple(value.shape), name
        assert read[name].tobytes() == value.contiguous().numpy().tobytes(), name


@pytest.mark.parametrize(
    ("save", "format"),
    [
        (save_classic, CheckpointFormat.LEGACY),
        (save_bare, CheckpointFormat.TORCH),
        (save_safetensors, CheckpointFormat.SAFETENSORS),
    ],
)
def test_weights_come_out_under_their_own_names(save, format, tmp_path):
    path = save(SMALL, tmp_path / "named_at_will.bin")
    assert detect_format(path) is format
    assert_equal(read_weights(path), SMALL)


def test_a_checkpoint_saved_on_a_gpu_is_read_without_one(tmp_path):
    path = save_classic(SMALL, tmp_path / "classic.pth")
    assert b"cuda:0" in path.read_bytes()
    assert_equal(read_weights(path), SMALL)


@pytest.mark.parametrize("how", ["zip", "legacy", "pickle", "torchscript"])
def test_code_in_a_checkpoint_is_not_run(how, tmp_path):
    path = save_malicious(tmp_path / "wav2lip.pth", tmp_path / "trace", how)
    assert "was not run" in refusal(path)
    assert not (tmp_path / "trace").exists()


def test_the_refusal_names_the_code(tmp_path):
    path = save_malicious(tmp_path / "wav2lip.pth", tmp_path / "trace", "zip")
    assert "holds code (posix.mkdir)" in refusal(path)


def test_the_whole_network_is_read_from_its_classic_file(weights, tmp_path):
    network = load_network(save_classic(weights, tmp_path / "wav2lip_gan.pth"))
    state = network.state_dict()
    assert not network.training
    assert all(torch.equal(state[n], w) for n, w in weights.items() if w.is_floating_point())


@pytest.mark.slow
def test_the_whole_network_is_read_from_torchscript(weights, tmp_path):
    path = save_torchscript(weights, tmp_path / "wav2lip_gan.pth")
    assert detect_format(path) is CheckpointFormat.TORCHSCRIPT
    assert_equal(read_weights(path), weights)


def test_every_format_gives_the_same_network_to_the_bit(weights, tmp_path):
    expected = {name: array.tobytes() for name, array in folded(weights).items()}
    for save in (save_classic, save_torchscript, save_safetensors):
        read = fold_norms(load_weights(save(weights, tmp_path / "network")))
        assert {name: array.tobytes() for name, array in read.items()} == expected, save.__name__
    model = read_onnx(save_onnx(weights, tmp_path / "network"))
    constants = [node for node in model.get_ops() if node.get_type_name() == "Constant"]
    assert {*expected.values()} <= {node.data.tobytes() for node in constants}


def test_torchscript_code_is_not_read(tmp_path):
    path = save_torchscript(flat_weights(), tmp_path / "wav2lip.pt")
    with zipfile.ZipFile(path) as archive:
        members = {i: archive.read(i) for i in archive.namelist() if "/code/" not in i}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    load_weights(path)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_other_precision_become_float32(dtype, tmp_path):
    weights = load_weights(save_bare(flat_weights(1.3, dtype), tmp_path / "half.pth"))
    assert {str(value.dtype) for value in weights.values()} == {"float32"}
    assert weights["output_block.1.bias"][0] == torch.tensor(1.3, dtype=dtype).float()


def test_weights_without_counters_are_whole(tmp_path):
    counted = flat_weights()
    weights = {n: w for n, w in counted.items() if not n.endswith("num_batches_tracked")}
    assert load_weights(save_bare(weights, tmp_path / "converted.pth")).keys() == weights.keys()


def test_a_web_page_is_refused(tmp_path):
    line = refusal(save_web_page(tmp_path / "wav2lip_gan.pth"))
    assert "is a web page, not a checkpoint" in line and "save the file itself" in line


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "wav2lip.pth").touch()
    assert "is empty" in refusal(tmp_path / "wav2lip.pth")


def test_a_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "wav2lip.pth").write_bytes(b"\xff\xd8\xff\xe0 a picture" * 9)
    assert "is no checkpoint" in refusal(tmp_path / "wav2lip.pth")


def test_a_zip_of_something_else_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "wav2lip.pth", "w") as archive:
        archive.writestr("readme.txt", "no weights")
    assert "zip without weights" in refusal(tmp_path / "wav2lip.pth")


def test_a_zip_of_the_future_is_refused(tmp_path):
    """A zip says which version of the format is needed to unpack it."""
    path = save_bare(SMALL, tmp_path / "wav2lip.pth")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 6] = 66
    path.write_bytes(data)
    assert "cut off or damaged" in refusal(path)


def test_a_git_lfs_pointer_is_refused(tmp_path):
    (tmp_path / "wav2lip.pth").write_text("version https://git-lfs.github.com/spec/v1\n")
    assert "git lfs pull" in refusal(tmp_path / "wav2lip.pth")


def test_a_folder_is_refused(tmp_path):
    assert "is a folder" in refusal(tmp_path)


def test_a_missing_file_is_refused(tmp_path):
    assert "no such checkpoint" in refusal(tmp_path / "wav2lip.pth", find_checkpoint)


def test_a_name_that_the_system_refuses_is_refused(tmp_path):
    assert "cannot read the checkpoint" in refusal(tmp_path / ("w" * 300), find_checkpoint)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_a_file_without_permission_is_refused(tmp_path):
    path = save_bare(SMALL, tmp_path / "wav2lip.pth")
    path.chmod(0)
    assert "Permission denied" in refusal(path)


@pytest.mark.parametrize("share", [0.98, 0.5, 0.1])
@pytest.mark.parametrize("save", [save_classic, save_bare, save_safetensors])
def test_a_cut_off_file_is_refused(save, share, tmp_path):
    whole = save({"weight": torch.rand(100, 100)}, tmp_path / "whole.pth")
    assert "cut off" in refusal(save_cut_off(whole, tmp_path / "wav2lip.pth", share))


def test_another_network_is_refused_by_what_is_missing(tmp_path):
    line = refusal(save_other_network(tmp_path / "wav2lip.pth"))
    assert "another network" in line and "302 of Wav2Lip's 302 tensors are missing" in line


def test_a_larger_network_is_refused_by_what_it_has_beside(tmp_path):
    weights = flat_weights() | {"disc.weight": torch.zeros(2)}
    line = refusal(save_bare(weights, tmp_path / "wav2lip.pth"))
    assert "another network" in line and "disc.weight" in line


def test_other_shapes_are_refused(tmp_path):
    weights = flat_weights() | {"output_block.1.weight": torch.zeros(3, 64, 1, 1)}
    line = refusal(save_bare(weights, tmp_path / "wav2lip.pth"))
    assert "output_block.1.weight is float32 3x64x1x1 where Wav2Lip has float32 3x32x1x1" in line


def test_whole_numbers_are_refused(tmp_path):
    weights = {n: w.to(torch.int8) for n, w in flat_weights().items()}
    assert "int8 16x6x7x7" in refusal(save_bare(weights, tmp_path / "quantised.pth"))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_number_are_refused(value, tmp_path):
    name = "audio_encoder.3.conv_block.1.bias"
    weights = flat_weights() | {name: torch.full((64,), value)}
    assert f"{name} holds what is no number" in refusal(save_bare(weights, tmp_path / "nan.pth"))


def test_a_variance_below_zero_is_refused(tmp_path):
    weights = flat_weights() | {"audio_encoder.3.conv_block.1.running_var": torch.full((64,), -1.0)}
    assert "no number" in refusal(save_bare(weights, tmp_path / "wav2lip.pth"))


def test_onnx_is_known_and_kept_from_torch(tmp_path):
    path = tmp_path / "wav2lip.onnx"
    path.write_bytes(onnx_writer.number(1, 8) + onnx_writer.block(7, b""))
    assert detect_format(path) is CheckpointFormat.ONNX
    assert "--engine openvino" in refusal(path)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """The three folders in which checkpoints are searched, empty and in their order."""
    folders = [tmp_path / name for name in ("models", "work/checkpoints", "clone/checkpoints")]
    for folder in folders:
        folder.mkdir(parents=True)
    monkeypatch.setenv("MODEL_ROOT", str(folders[0]))
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(wav2lip.checkpoint, "CLONE_FOLDER", folders[2])
    return folders


def test_checkpoints_are_searched_in_model_root_the_working_directory_and_the_clone(folders):
    assert checkpoint_folders() == (*folders,)
    for folder in reversed(folders):  # each one is found before those that are there already
        saved = save_bare(SMALL, folder / "wav2lip.pth")
        assert find_checkpoint(None) == saved
    named = save_bare(SMALL, folders[2] / "mine.pth")
    assert find_checkpoint(named) == named


def test_a_better_name_in_a_later_folder_comes_later(folders):
    first = save_bare(SMALL, folders[1] / "wav2lip.pth")
    save_bare(SMALL, folders[2] / "wav2lip_gan.pth")
    assert find_checkpoint(None) == first


@pytest.mark.parametrize("value", [None, ""])
def test_without_model_root_only_both_checkpoints_folders_are_searched(value, folders, monkeypatch):
    if value is None:
        monkeypatch.delenv("MODEL_ROOT")
    else:
        monkeypatch.setenv("MODEL_ROOT", value)
    assert checkpoint_folders() == (*folders[1:],)


def test_in_the_clone_itself_its_folder_is_named_once(folders, monkeypatch):
    monkeypatch.chdir(folders[2].parent)
    assert checkpoint_folders() == (folders[0], folders[2])


def test_a_model_root_that_cannot_be_searched_does_not_hide_the_others(folders, monkeypatch):
    saved = save_bare(SMALL, folders[2] / "wav2lip.pth")
    for name in ("m" * 300, str(saved), "/nowhere"):
        monkeypatch.setenv("MODEL_ROOT", name)
        assert find_checkpoint(None) == saved


def test_a_working_directory_that_is_gone_is_no_error(folders, tmp_path, monkeypatch):
    saved = save_bare(SMALL, folders[2] / "wav2lip.pth")
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert checkpoint_folders() == (folders[0], folders[2])
    assert find_checkpoint(None) == saved


def test_the_folder_of_checkpoints_is_searched_for_known_names(tmp_path, monkeypatch):
    monkeypatch.setattr(wav2lip.checkpoint, "checkpoint_folders", lambda: (tmp_path,))
    assert find_checkpoint(None) is None
    save_bare(SMALL, tmp_path / "mine.pth")
    assert find_checkpoint(None) is None
    plain = save_bare(SMALL, tmp_path / "wav2lip.pth")
    assert find_checkpoint(None) == plain
    sharper = save_bare(SMALL, tmp_path / "wav2lip_gan.pth")
    assert find_checkpoint(None) == sharper
    assert find_checkpoint(tmp_path / "mine.pth") == tmp_path / "mine.pth"


def test_a_web_page_in_the_folder_of_checkpoints_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(wav2lip.checkpoint, "checkpoint_folders", lambda: (tmp_path,))
    path = save_web_page(tmp_path / "wav2lip.pth")
    assert "web page" in refusal(path, lambda _: find_checkpoint(None))
