"""A photo that speaks by SadTalker's networks, in a run: small networks, real media."""

import json
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from audio.load import load_sound
from command.cli import main
from command.flags import parse_options
from pipeline.movers import MOVERS, SADTALKER_TERMS, MoverEntry
from pipeline.movers.sadtalker import load_sadtalker
from pipeline.report import Clock
from pipeline.run import lipsync
from pipeline.settings import settings_of
from pipeline.stages import stages_of
from sadtalker.hearing import Hearing
from tests.media import make_sound, make_video
from tests.readback import frames_of
from tests.small_sadtalker import networks

PORTRAIT = Path(__file__).parents[2] / "demo" / "portrait.png"
VARIABLE = "SADTALKER_CKPT_DIR"
SPEAK = ["--animate", "sadtalker"]


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), cv2.resize(cv2.imread(str(PORTRAIT)), (320, 270)))
    return path


@pytest.fixture
def small_networks(monkeypatch):
    """In place of those that would be read from a folder."""
    load = partial(load_sadtalker, load=lambda folder, size, *_: networks(size))
    monkeypatch.setitem(MOVERS, "sadtalker", MoverEntry(load, SADTALKER_TERMS))


@pytest.fixture
def words(tmp_path, photo, monkeypatch):
    spools = tmp_path / "spools"
    spools.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spools))
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.delenv("MODEL_ROOT", raising=False)
    monkeypatch.delenv("WAV2LIP_CKPT", raising=False)
    sound = make_sound(tmp_path / "sound.wav", seconds=0.48)
    out = ["--outfile", str(tmp_path / "out.mkv"), "--encoder", "ffv1"]
    report = ["--report", str(tmp_path / "report.json"), "--progress", "none"]
    return ["--face", str(photo), "--audio", str(sound), *out, *report]


def report(tmp_path):
    return json.loads((tmp_path / "report.json").read_text())


def brightness(frames):
    """Of the middle of the face."""
    return np.array([frame[130:160, 140:180].mean() for frame in frames])


@pytest.mark.usefixtures("small_networks")
def test_the_photo_speaks_with_the_sound(words, tmp_path, photo, capsys):
    """Each frame is as bright as its sound is loud; the photo's corners rest; nothing is left."""
    assert main([*words, *SPEAK, "--still_head"]) == 0
    frames, facts = frames_of(tmp_path / "out.mkv"), report(tmp_path)
    assert len(frames) == 12 and {frame.shape for frame in frames} == {(270, 320, 3)}
    heard = Hearing.of(load_sound(tmp_path / "sound.wav"))
    loudness = heard.windows(0, 12).mean((1, 2))
    assert np.corrcoef(brightness(frames), loudness)[0, 1] > 0.98
    original = cv2.imread(str(photo))
    assert max(np.abs(frame[-9:, :9].astype(int) - original[-9:, :9]).max() for frame in frames) < 9
    assert facts["stages"] == [{"name": "portrait", "state": "ran", "reason": ""}]
    assert facts["engine"] == "none" and facts["faces"]["frames_with"] == 12
    said = capsys.readouterr().err
    assert "the lips stay as --animate made them" in said and SADTALKER_TERMS in said
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


@pytest.mark.slow
@pytest.mark.usefixtures("small_networks")
def test_the_crop_alone_is_a_square_of_the_networks_size(words, tmp_path):
    assert main([*words, *SPEAK, "--preprocess", "crop", "--animate_size", "512"]) == 0
    frames = frames_of(tmp_path / "out.mkv")
    assert len(frames) == 12 and {frame.shape for frame in frames} == {(512, 512, 3)}
    assert report(tmp_path)["size"] == [512, 512]


@pytest.mark.slow
@pytest.mark.usefixtures("small_networks")
def test_a_run_gives_the_same_bytes_twice_and_another_seed_others(words, tmp_path):
    made = []
    for seed in ("3", "3", "4"):
        assert main([*words, *SPEAK, "--seed", seed]) == 0
        made.append(np.stack(frames_of(tmp_path / "out.mkv")))
    assert np.array_equal(made[0], made[1]) and not np.array_equal(made[0], made[2])


@pytest.mark.slow
@pytest.mark.usefixtures("small_networks")
@pytest.mark.parametrize(("rate", "count"), [("50", 24), ("23.976", 12)])
def test_another_rate_shows_the_same_motion(words, tmp_path, rate, count):
    assert main([*words, *SPEAK, "--fps", rate, "--still_head"]) == 0
    frames = frames_of(tmp_path / "out.mkv")
    assert len(frames) == count
    heard = Hearing.of(load_sound(tmp_path / "sound.wav"))
    loudness = heard.windows(0, heard.frames).mean((1, 2))
    wanted = np.interp(np.arange(count) / float(rate) * 25, np.arange(12), loudness)
    assert np.corrcoef(brightness(frames), wanted)[0, 1] > 0.98


@pytest.mark.slow
@pytest.mark.usefixtures("small_networks")
def test_the_mouth_may_come_later(words, tmp_path):
    assert main([*words, *SPEAK, "--still_head"]) == 0
    usual = brightness(frames_of(tmp_path / "out.mkv"))
    assert main([*words, *SPEAK, "--still_head", "--audio_offset", "120"]) == 0
    later = brightness(frames_of(tmp_path / "out.mkv"))
    assert later[3:] == pytest.approx(usual[:-3], abs=0.6) and np.ptp(usual) > 3


@pytest.mark.usefixtures("small_networks")
def test_a_generator_makes_new_lips_on_top(words, tmp_path):
    assert main([*words, *SPEAK]) == 0
    own = np.stack(frames_of(tmp_path / "out.mkv")).astype(int)
    assert main([*words, *SPEAK, "--engine", "puppet"]) == 0
    new = np.stack(frames_of(tmp_path / "out.mkv")).astype(int)
    assert report(tmp_path)["engine"] == "puppet"
    change = np.abs(new - own).max((0, 3))
    assert change[190:240, 120:200].max() > 20 and not change[:40].any()


@pytest.mark.usefixtures("small_networks")
def test_a_driving_video_moves_the_head(words, tmp_path):
    """The small networks turn the head as far as the video is red, which darkens the picture."""

    def draw(number, width, height):
        picture = cv2.resize(cv2.imread(str(PORTRAIT)), (width, height))
        picture[..., 2] = np.clip(picture[..., 2].astype(int) + 12 * number, 0, 255)
        return picture

    video = make_video(tmp_path / "driving.mkv", frames=6, size=(256, 256), draw=draw)
    assert main([*words, *SPEAK]) == 0
    alone = brightness(frames_of(tmp_path / "out.mkv"))
    assert main([*words, *SPEAK, "--driving_video", str(video)]) == 0
    darker = alone - brightness(frames_of(tmp_path / "out.mkv"))
    assert darker[0] == pytest.approx(0, abs=0.5) and darker[5] > 2
    assert darker[6:] == pytest.approx(darker[:6], abs=1.5)  # it begins again


@pytest.mark.usefixtures("small_networks")
def test_a_run_that_is_stopped_leaves_nothing(words, tmp_path):
    settings = settings_of(parse_options([*words, *SPEAK])[0])
    steps = []

    def stop_at_the_third(step):
        steps.append(step)
        if (step.stage, step.done) == ("portrait", 3):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lipsync(settings, stages_of(settings), stop_at_the_third, Clock())
    assert [(step.done, step.of) for step in steps if step.stage == "portrait"] == [
        (1, 12),
        (2, 12),
        (3, 12),
    ]
    assert list(Path(tempfile.gettempdir()).iterdir()) == []
    assert not (tmp_path / "out.mkv").exists() and not list(tmp_path.glob(".*"))


def test_a_picture_in_which_no_face_is_left_is_not_the_photos_fault(
    words, tmp_path, capsys, monkeypatch
):
    def white(volume, *_):
        return (np.ones_like(volume),)

    load = partial(
        load_sadtalker, load=lambda folder, size, *_: replace(networks(size), generator=white)
    )
    monkeypatch.setitem(MOVERS, "sadtalker", MoverEntry(load))
    assert main([*words, *SPEAK]) == 4
    assert "in what --animate sadtalker made of" in capsys.readouterr().err


@pytest.mark.usefixtures("small_networks")
def test_a_driving_video_without_a_face_is_named(words, tmp_path, capsys):
    video = make_video(tmp_path / "driving.mkv", frames=3)
    assert main([*words, *SPEAK, "--driving_video", str(video)]) == 4
    assert "no face found in" in (said := capsys.readouterr().err) and "driving.mkv" in said
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


@pytest.mark.usefixtures("small_networks")
def test_a_photo_without_a_face_is_named(words, tmp_path, capsys):
    blank = tmp_path / "blank.png"
    cv2.imwrite(str(blank), np.full((200, 200, 3), 90, np.uint8))
    assert main([*words, *SPEAK, "--face", str(blank)]) == 4
    assert "no face found in" in capsys.readouterr().err
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


def no_networks(folder):
    return folder


def damaged(folder):
    (folder / "SadTalker_V0.0.2_256.safetensors").write_bytes(b"x" * 4000)
    return folder


@pytest.mark.parametrize("make", [no_networks, damaged, lambda folder: folder / "gone"])
def test_a_folder_without_the_networks_is_an_error(words, tmp_path, capsys, monkeypatch, make):
    folder = tmp_path / "networks"
    folder.mkdir()
    monkeypatch.setenv(VARIABLE, str(make(folder)))
    assert main([*words, *SPEAK]) == 5
    said = capsys.readouterr().err
    assert "networks" in said and len(said.strip().splitlines()) == 1
    assert not (tmp_path / "out.mkv").exists()
    assert main([*words, *SPEAK, "--on_stage_error", "skip", "--engine", "none"]) == 0
    assert "without the stage portrait" in capsys.readouterr().err


def test_without_any_folder_the_variable_is_named(words, capsys, monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE)
    monkeypatch.chdir(tmp_path)
    assert main([*words, *SPEAK]) == 5
    assert VARIABLE in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--preprocess", "crop", "--box", "20", "200", "60", "240"], "leave --box out"),
        (["--driving_video", "nod.pkl"], "a video, not a template"),
        (["--pose_style", "46"], "--pose_style must be 0 to 45"),
        (["--animate_size", "300"], "300"),
        (["--face", "film.mkv"], "is for a photo"),
    ],
)
def test_what_cannot_be_is_refused_before_the_work(
    words, tmp_path, capsys, monkeypatch, more, said
):
    make_video(tmp_path / "film.mkv", frames=3)
    monkeypatch.chdir(tmp_path)
    assert main([*words, *SPEAK, *more]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out.mkv").exists()


@pytest.mark.parametrize(
    "flag", [["--preprocess", "crop"], ["--pose_style", "3"], ["--still_head"]]
)
def test_its_flags_mean_nothing_without_it(words, capsys, flag):
    assert main([*words, "--engine", "none", *flag]) == 0
    assert f"{flag[0]} changes nothing without --animate sadtalker" in capsys.readouterr().err
