"""The user's file: where it is found, and what is said of one that cannot be used."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from base.errors import EngineError  # noqa: E402
from fomm.loading import load_parts  # noqa: E402
from options.weights import find_fomm  # noqa: E402
from tests.checkpoints import save_malicious  # noqa: E402
from tests.fomm_weights import save_moving  # noqa: E402
from tests.model_files import save_gfpgan  # noqa: E402

NAME = "vox-cpk.pth.tar"


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """No file of this machine is found."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "models"
    path.mkdir()
    return path


@pytest.mark.parametrize("variable", ["FOMM_CKPT_DIR", "MODEL_ROOT"])
def test_a_folder_of_the_environment(folder, monkeypatch, variable):
    path = save_moving(folder / "any name")
    save_gfpgan(folder / "a.pth")
    monkeypatch.setenv(variable, str(folder))
    assert find_fomm() == path


def test_a_file_of_the_environment(folder, monkeypatch):
    path = save_moving(folder / NAME)
    monkeypatch.setenv("FOMM_CKPT_DIR", str(path))
    assert find_fomm() == path


def test_checkpoints_of_the_working_directory(tmp_path):
    place = tmp_path / "work" / "checkpoints"
    place.mkdir()
    path = save_moving(place / NAME)
    assert find_fomm().samefile(path)


def test_without_a_file_the_way_out_is_told():
    with pytest.raises(EngineError, match=r"needs .*vox-cpk\.pth\.tar.*FOMM_CKPT_DIR"):
        find_fomm()


def test_a_folder_without_one_is_named_and_what_is_damaged_in_it(folder, monkeypatch):
    monkeypatch.setenv("FOMM_CKPT_DIR", str(folder))
    cut_off(save_moving(folder / NAME))
    with pytest.raises(EngineError, match=rf"models holds none.*{NAME}: damaged"):
        find_fomm()


@pytest.mark.parametrize("save", [save_gfpgan, None])
def test_a_variable_that_names_something_else(folder, monkeypatch, save):
    path = folder / "x.pth"
    if save is not None:
        save(path)
    monkeypatch.setenv("FOMM_CKPT_DIR", str(path))
    with pytest.raises(EngineError, match=r"x\.pth: (it is gfpgan|there is no such file)"):
        find_fomm()


def cut_off(path):
    path.write_bytes(path.read_bytes()[:-2000])
    return path


@pytest.mark.parametrize("legacy", [False, True])
def test_a_file_of_either_kind_fills_both_networks(folder, legacy):
    detector, generator = load_parts(save_moving(folder / NAME, legacy))
    assert detector.kp.weight[0, 32, 3, 3] == 1 and generator.final.bias[0] == -4
    assert not generator.training


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"generator": {"extra.weight": torch.zeros(3)}}, r"generator\).*has extra\.weight"),
        ({"kp_detector": {"kp.bias": torch.zeros(15)}}, r"kp_detector\).*\(15,\), not \(10,\)"),
        ({"generator": {"final.bias": torch.full((3,), np.nan)}}, "final.bias holds what is no"),
        ({"generator": {"final.bias": None}}, r"generator\).*lacks final\.bias"),
    ],
)
def test_what_does_not_fit_is_told_in_a_line(folder, changed, said):
    path = save_moving(folder / NAME, **changed)
    with pytest.raises(EngineError, match=said) as error:
        load_parts(path)
    assert NAME in str(error.value) and "\n" not in str(error.value)


def test_a_file_that_is_cut_off(folder):
    with pytest.raises(EngineError, match="cut off or damaged"):
        load_parts(cut_off(save_moving(folder / NAME)))


def test_code_in_a_file_is_not_run(folder, tmp_path):
    trace = tmp_path / "ran"
    with pytest.raises(EngineError, match="not run"):
        load_parts(save_malicious(folder / NAME, trace))
    assert not trace.exists()


def test_another_network_s_file(folder):
    with pytest.raises(EngineError, match="is no First Order Motion Model"):
        load_parts(save_gfpgan(folder / NAME))


def test_no_such_file(tmp_path):
    with pytest.raises(EngineError, match="there is no such"):
        load_parts(tmp_path / "none.tar")
