"""--models: what is found, through what, and what runs it."""

import json
from dataclasses import fields
from pathlib import Path

import pytest

from base.errors import UsageError
from batch.flags import parse_batch_options
from command.cli import main
from command.inventory import EMBEDDED
from command.model_table import TITLES
from lipsync import command_line
from models.kinds import KINDS
from options.options import Options
from tests.checkpoints import flat_weights, save_bare, save_malicious
from tests.model_files import layout, save_gfpgan, save_safetensors, save_weights


@pytest.fixture
def listed(tmp_path, monkeypatch, capsys):
    """The rows that --models lists, by the file's name or what it is."""
    monkeypatch.setattr("wav2lip.checkpoint.CLONE_FOLDER", tmp_path / "none" / "checkpoints")
    monkeypatch.chdir(tmp_path)

    def command(*words):
        assert main(["--models", "--progress", "json", *map(str, words)]) == 0
        (event,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert event["event"] == "models"
        return {
            Path(row["where"]).name if "/" in row["where"] else row["what"]: row
            for row in event["models"]
        }

    return command


def name_of(row):
    return Path(row["where"]).name if "/" in row["where"] else row["what"]


def test_what_is_embedded_is_listed_where_nothing_is_found(listed):
    rows = listed()
    assert {"puppet", "lips and mesh", "MTCNN", "silero VAD"} <= set(rows)
    assert set(rows) <= {one.what for one in EMBEDDED}
    assert rows["puppet"]["run_by"] == "--engine puppet"


def test_what_runs_a_model_is_a_flag():
    flags = {kind.flag for kind in KINDS.values()} - {None}
    flags |= {one.run_by.split()[0].removeprefix("--") for one in EMBEDDED} - {"always"}
    assert flags <= {option.name for option in fields(Options)}


def test_each_model_has_its_place_its_use_and_its_licence(listed, tmp_path, monkeypatch):
    root = tmp_path / "models"
    root.mkdir()
    monkeypatch.setenv("MODEL_ROOT", str(root))
    save_bare(flat_weights(), root / "mouth.x")
    save_weights(root / "diffusion.x", layout("diff2lip"))
    monkeypatch.setenv("GFPGAN_CKPT", str(save_gfpgan(tmp_path / "face.x")))
    monkeypatch.setenv("SADTALKER_CKPT_DIR", str(tmp_path / "sad"))
    (tmp_path / "sad").mkdir()
    save_safetensors(tmp_path / "sad" / "all.x", layout("sadtalker"))
    rows = listed()
    mouth, face, sad = rows["mouth.x"], rows["face.x"], rows["all.x"]
    assert (mouth["through"], mouth["run_by"]) == ("MODEL_ROOT", "--checkpoint_path")
    assert "non-commercial" in mouth["licence"] and mouth["note"].startswith("used")
    assert (face["through"], face["licence"]) == ("GFPGAN_CKPT", "Apache-2.0")
    assert face["mode"] == "high_quality" and "GFPGAN" in face["what"]
    assert (sad["through"], sad["run_by"]) == ("SADTALKER_CKPT_DIR", "--animate sadtalker")
    assert sad["licence"] == "weights: not stated; code: Apache-2.0"
    assert rows["diffusion.x"]["run_by"] == "--engine diff2lip"
    assert "non-commercial" in rows["diffusion.x"]["licence"]


def test_a_flag_comes_before_a_variable_before_the_folder(listed, tmp_path, monkeypatch):
    paths = [save_bare(flat_weights(), tmp_path / name) for name in ("flag", "variable")]
    root = tmp_path / "root"
    root.mkdir()
    save_bare(flat_weights(), root / "wav2lip.pth")
    monkeypatch.setenv("MODEL_ROOT", str(root))
    monkeypatch.setenv("WAV2LIP_CKPT", str(paths[1]))
    rows = listed("--checkpoint_path", paths[0])
    assert list(rows)[:3] == ["flag", "variable", "wav2lip.pth"]
    assert [bool(row["note"]) for row in rows.values()][:3] == [True, False, False]
    assert listed()["variable"]["note"].startswith("used")


def test_what_a_variable_is_not_for_and_what_is_broken_is_told(listed, tmp_path, monkeypatch):
    monkeypatch.setenv("GFPGAN_CKPT", str(save_bare(flat_weights(), tmp_path / "mouth")))
    monkeypatch.setenv("REALESRGAN_CKPT", str(tmp_path / "gone"))
    monkeypatch.setenv(
        "DIFF2LIP_CKPT_DIR", str(save_malicious(tmp_path / "evil", tmp_path / "ran"))
    )
    rows = listed()
    assert rows["mouth"]["note"] == "not what GFPGAN_CKPT is for"
    assert rows["gone"]["note"] == "there is no such file"
    assert "is not run" in rows["evil"]["what"] and not (tmp_path / "ran").exists()


def test_the_table_is_on_standard_output_in_columns(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["--models"]) == 0
    out, err = capsys.readouterr()
    head, *lines = out.splitlines()
    assert err == "" and head.split() == list(map(str, " ".join(TITLES).split()))
    place = head.index("run by")
    assert all(line[place - 1] == " " for line in lines) and "--engine puppet" in out


def test_it_is_of_the_command_for_one_video_alone():
    with pytest.raises(UsageError, match="--models"):
        parse_batch_options(["--pairs", ".", "--models"])
    with pytest.raises(TypeError, match="models"):
        command_line({"models": True})
