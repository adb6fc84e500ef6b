"""Where models are found: a flag beats a variable, which beats a folder."""

import os

import pytest

from base.errors import EngineError
from models.search import find_model, model_folders, models_at
from options.weights import find_enhancer, find_wav2lip
from tests.checkpoints import flat_weights, save_bare
from tests.model_files import GFPGAN, save_gfpgan, save_weights


@pytest.fixture(autouse=True)
def nowhere_else(tmp_path, monkeypatch):
    monkeypatch.setattr("wav2lip.checkpoint.CLONE_FOLDER", tmp_path / "none" / "checkpoints")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def spandrel(monkeypatch):
    """As if it were installed."""
    monkeypatch.setattr("models.search.find_spec", lambda name: name)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """The folder of MODEL_ROOT."""
    folder = tmp_path / "root"
    folder.mkdir()
    monkeypatch.setenv("MODEL_ROOT", str(folder))
    return folder


def wav2lip(path):
    path.parent.mkdir(exist_ok=True)
    return save_bare(flat_weights(), path)


def test_wav2lip_is_found_under_any_name(root):
    assert find_wav2lip(None) is None
    inner = wav2lip(root / "inner" / "mine.data")
    assert find_wav2lip(None) == inner
    known = wav2lip(root / "wav2lip.pth")
    assert find_wav2lip(None) == known


def test_a_flag_beats_a_variable_beats_the_folder(root, tmp_path, monkeypatch):
    in_folder = wav2lip(root / "wav2lip.pth")
    assert find_wav2lip(None) == in_folder
    by_variable = wav2lip(tmp_path / "variable")
    monkeypatch.setenv("WAV2LIP_CKPT", str(by_variable))
    assert find_wav2lip(None) == by_variable
    by_flag = wav2lip(tmp_path / "flag")
    assert find_wav2lip(by_flag) == by_flag


def test_a_variable_may_name_a_folder(tmp_path, monkeypatch):
    path = wav2lip(tmp_path / "folder" / "x")
    monkeypatch.setenv("WAV2LIP_CKPT", str(path.parent))
    assert find_wav2lip(None) == path


def test_a_variable_of_wav2lip_that_names_nothing_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("WAV2LIP_CKPT", str(tmp_path / "gone"))
    with pytest.raises(EngineError, match="WAV2LIP_CKPT"):
        find_wav2lip(None)


def test_an_enhancer_is_found(root, tmp_path, monkeypatch):
    assert find_enhancer() is None
    in_folder = save_gfpgan(root / "GFPGANv1.4.pth")
    assert find_enhancer() == in_folder
    other = save_gfpgan(tmp_path / "other")
    monkeypatch.setenv("GFPGAN_CKPT", str(other))
    assert find_enhancer() == other
    monkeypatch.setenv("GFPGAN_CKPT", str(wav2lip(tmp_path / "mouth")))
    with pytest.raises(EngineError, match=r"wav2lip.*GFPGAN_CKPT"):
        find_enhancer()


def test_a_name_alone_finds_nothing(root):
    (root / "GFPGANv1.4.pth").write_bytes(bytes(5000))
    save_weights(root / "gfpgan.pth", {"layer.weight": (3, 3)})
    assert find_enhancer() is None


def test_each_is_once_in_order_and_links_to_folders_are_not_followed(root):
    save_gfpgan(root / "b")
    save_weights(root / "a", GFPGAN)
    (root / "loop").symlink_to(root)
    (root / ".hidden").write_bytes((root / "a").read_bytes())
    os.mkfifo(root / "pipe")
    assert [model.path.name for model in models_at(root, "x")] == ["a", "b"]


def test_no_more_files_than_the_limit_are_looked_into(root, monkeypatch):
    for number in range(6):
        save_gfpgan(root / str(number))
    monkeypatch.setattr("models.search.MOST_FILES", 4)
    assert len(list(models_at(root, "x"))) == 4


def test_a_folder_that_is_not_there_holds_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("MODEL_ROOT", str(tmp_path / "gone"))
    assert find_model(("wav2lip",), "WAV2LIP_CKPT") is None
    assert [through for through, _ in model_folders([tmp_path])] == ["MODEL_ROOT", "folder"]
