"""A photo that LivePortrait's networks move, in a run: small networks, real media."""

import itertools
import json
import os
import pickle
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from base.geometry import Box, Landmarks
from command.cli import main
from liveportrait.crop import SIDE, FaceSquare
from liveportrait.geometry import rotation_of
from tests.liveportrait_networks import faster_folder, fusion_folder
from tests.media import make_sound, make_video
from tests.readback import frames_of
from tests.slow import slow
from video.shape import Shape
from video.source import open_source
from video.yuv import Frame

PORTRAIT = Path(__file__).parents[2] / "demo" / "portrait.png"
SIDE_OF_PHOTO = 256
FPS = 25


def template(path, turns, fps=FPS):
    """A motion that only moves sideways, by which the small networks show it as brightness."""
    motion = [
        {
            "scale": np.array([[1.5]], np.float32),
            "R": rotation_of(0, 0, 0)[None],
            "exp": np.zeros((1, 21, 3), np.float32),
            "t": np.array([[turn, 0, 0]], np.float32),
        }
        for turn in turns
    ]
    facts = {"n_frames": len(motion), "output_fps": fps, "motion": motion}
    path.write_bytes(pickle.dumps(facts))
    return path


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    picture = cv2.imread(str(PORTRAIT))
    cv2.imwrite(str(path), cv2.resize(picture, (SIDE_OF_PHOTO, SIDE_OF_PHOTO)))
    return path


@pytest.fixture
def words(tmp_path, photo, monkeypatch):
    spools = tmp_path / "spools"
    spools.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spools))
    sound = make_sound(tmp_path / "sound.wav", seconds=0.4)
    out = ["--outfile", str(tmp_path / "out.mkv"), "--encoder", "ffv1", "--engine", "puppet"]
    report = ["--report", str(tmp_path / "report.json"), "--lip_strength", "0"]
    return ["--face", str(photo), "--audio", str(sound), *out, *report]


def animate(folder, driving):
    return ["--animate", str(folder), "--driving_video", str(driving)]


def brightness(picture):
    """Of the middle of the face's square."""
    return float(picture[90:130, 100:150].mean())


@pytest.mark.parametrize("make", [faster_folder, slow(fusion_folder)])
def test_a_template_moves_the_photo(words, tmp_path, make):
    """Each frame is as bright as its pose is far to the side; the photo's corners rest."""
    folder = make(tmp_path / "networks")
    turns = [0.0, 0.05, 0.1, 0.15, 0.2, 0.15, 0.1, 0.05, 0.0, 0.05]
    assert main([*words, *animate(folder, template(tmp_path / "motion.pkl", turns))]) == 0
    frames = frames_of(tmp_path / "out.mkv")
    assert len(frames) == 10
    lighter = [brightness(frame) - brightness(frames[0]) for frame in frames]
    wanted = [255 * turn for turn in turns]
    assert lighter == pytest.approx(wanted, abs=8) and max(lighter) > 40
    for frame in frames[1:]:
        assert np.array_equal(frame[-8:, :8], frames[0][-8:, :8])
    facts = json.loads((tmp_path / "report.json").read_text())
    assert facts["stages"] == [{"name": "portrait", "state": "ran", "reason": ""}]
    assert facts["faces"]["frames_with"] == 10
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


def test_a_longer_sound_loops_the_motion_and_a_higher_rate_fills_it(words, tmp_path):
    folder = faster_folder(tmp_path / "networks")
    motion = template(tmp_path / "motion.pkl", [0.0, 0.2, 0.0, 0.2])
    more = ["--out_fps", "50", "--loop", "pingpong"]
    assert main([*words, *animate(folder, motion), *more]) == 0
    frames = frames_of(tmp_path / "out.mkv")
    assert len(frames) == 20
    lighter = [brightness(frame) - brightness(frames[0]) for frame in frames[:8]]
    assert lighter == pytest.approx([0, 25, 51, 25, 0, 25, 51, 51], abs=8)


def driving_video(path, count):
    """A bright upper left corner turns the head that the small networks see."""

    def draw(number, width, height):
        picture = cv2.resize(cv2.imread(str(PORTRAIT)), (width, height))
        picture[:70, :70] = 20 + 20 * number
        return picture

    return make_video(path, frames=count, size=(256, 256), draw=draw)


def test_a_video_moves_the_photo(words, tmp_path):
    folder = fusion_folder(tmp_path / "networks")
    video = driving_video(tmp_path / "driving.mkv", 8)
    assert main([*words, *animate(folder, video)]) == 0
    frames = frames_of(tmp_path / "out.mkv")
    assert len(frames) == 10
    changes = [np.abs(frame.astype(int) - frames[0]).mean() for frame in frames[:8]]
    assert all(after > before for before, after in itertools.pairwise(changes))
    assert np.array_equal(frames[8], frames[0])  # the motion begins again


def test_a_video_without_a_face_is_named(words, tmp_path, capsys):
    folder = faster_folder(tmp_path / "networks")
    video = make_video(tmp_path / "driving.mkv", frames=3)
    assert main([*words, *animate(folder, video)]) == 4
    assert "no face found in" in (said := capsys.readouterr().err) and "driving.mkv" in said
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


@pytest.mark.parametrize("number", range(4))
def test_what_cannot_be_is_refused_before_the_work(words, tmp_path, capsys, number):
    folder = faster_folder(tmp_path / "networks")
    motion = template(tmp_path / "motion.pkl", [0.0])
    film = make_video(tmp_path / "film.mkv", frames=3)
    more, code, said = [
        (animate(tmp_path / "none", motion), 5, "no folder with LivePortrait's networks"),
        (["--animate", str(folder)], 2, "--driving_video"),
        (animate(folder, tmp_path / "none.pkl"), 3, "none.pkl"),
        ([*animate(folder, motion), "--face", str(film)], 2, "is for a photo"),
    ][number]
    assert main([*words, *more]) == code
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out.mkv").exists()


def test_it_is_left_out_where_that_is_wanted(words, tmp_path, capsys):
    motion = template(tmp_path / "motion.pkl", [0.0])
    skip = ["--on_stage_error", "skip"]
    assert main([*words, *animate(tmp_path / "none", motion), *skip]) == 0
    assert "without the stage portrait" in capsys.readouterr().err
    frames = frames_of(tmp_path / "out.mkv")
    assert len(frames) == 10 and np.array_equal(frames[0][:20], frames[9][:20])


def test_what_a_killed_run_left_is_removed(words, tmp_path):
    folder = faster_folder(tmp_path / "networks")
    left = Path(tempfile.gettempdir()) / f".lipsync-portrait.{'0' * 16}"
    left.mkdir()
    (left / "lock").touch()
    (left / "frames.mkv").write_bytes(b"half")
    os.utime(left, (0, 0))
    assert main([*words, *animate(folder, template(tmp_path / "motion.pkl", [0.0]))]) == 0
    assert not left.exists()


@pytest.mark.parametrize(
    "fps",
    [*map(slow, ("23.976", "29.97", "50", "59.94"))],
)
def test_the_frames_are_kept_at_the_exact_rate(words, tmp_path, fps):
    folder = faster_folder(tmp_path / "networks")
    motion = template(tmp_path / "motion.pkl", [0.0, 0.1] * 6)
    assert main([*words, *animate(folder, motion), "--out_fps", fps]) == 0
    rate = {"50": Fraction(50)}.get(fps) or Fraction(round(float(fps) * 1.001) * 1000, 1001)
    assert json.loads((tmp_path / "report.json").read_text())["fps"] == str(rate)
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert len(list(container.decode(video=0))) == -(-Fraction(2, 5) * rate // 1)


def test_a_square_that_is_laid_back_unchanged_leaves_no_trace(photo):
    """Cut, made no different, and laid back: the picture but for what resampling smooths."""
    frame = open_source(photo, Shape(), Fraction(25)).first
    square = FaceSquare.of(Landmarks.fixed(Box(70.0, 200.0, 75.0, 185.0)))
    back = square.paste(frame, square.cut(frame, SIDE).astype(np.float32))
    difference = cv2.absdiff(back.planes()[0], frame.planes()[0])
    assert difference.mean() < 1.0 and (difference > 12).mean() < 0.002


def test_a_square_lighter_than_the_photo_shows_no_edge():
    """On a grey frame: the change begins with next to nothing, all along its border."""
    frame = Frame.of_picture(np.full((900, 900, 3), 60, np.uint8))
    square = FaceSquare.of(Landmarks.fixed(Box(320.0, 620.0, 330.0, 590.0)))
    pasted = square.paste(frame, np.full((SIDE, SIDE, 3), 250, np.float32))
    change = pasted.planes()[0].astype(int) - frame.planes()[0]
    assert change.max() > 150 and not change[0].any() and not change[:, -1].any()
    changed = (change > 0).astype(np.uint8)
    border = changed - cv2.erode(changed, np.ones((3, 3), np.uint8))
    assert change[border > 0].max() <= 4
