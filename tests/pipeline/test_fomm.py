"""A photo that First Order Motion's networks move, in a run: real media, and few numbers.

The networks move the whole square as a red dot moves.
"""

import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from command.cli import main  # noqa: E402
from tests.fomm_weights import save_moving  # noqa: E402
from tests.media import make_picture, make_sound, make_video, numbered  # noqa: E402
from tests.readback import frames_of  # noqa: E402

ROOT = Path(__file__).parents[2]
SIDE = 256
DOTS = {(80, 72): (0, 0, 255), (172, 72): (0, 255, 0), (80, 164): (255, 0, 0)}  # x, y: BGR
PATIENCE = 120  # seconds until a hang is one
STEP = 2 * 64 / 58  # of two pixels: the detector's grid of 58 is laid over 64


def dotted(shift=0):
    """The portrait with dots beside its face, all of it moved to the right."""
    picture = cv2.resize(cv2.imread(str(ROOT / "demo" / "portrait.png")), (SIDE, SIDE))
    for place, colour in DOTS.items():
        cv2.circle(picture, place, 6, colour, -1)
    matrix = np.array([[1, 0, shift], [0, 1, 0]], np.float64)
    return cv2.warpAffine(picture, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)


def red_dot(picture):
    """The x of its middle."""
    blue, green, red = cv2.split(picture[55:90].astype(float))
    redness = (red - np.maximum(blue, green) - 110).clip(0).sum(0)
    return float(redness @ np.arange(SIDE) / redness.sum())


def driving(path, shifts, rate=25):
    def draw(index, width, height):
        return dotted(shifts[index]) if shifts[index] is not None else numbered(7, width, height)

    return make_video(path, frames=len(shifts), size=(SIDE, SIDE), rate=rate, draw=draw)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return save_moving(tmp_path_factory.mktemp("fomm") / "vox-cpk.pth.tar")


@pytest.fixture
def words(tmp_path, monkeypatch, weights):
    spools = tmp_path / "spools"
    spools.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spools))
    monkeypatch.setenv("FOMM_CKPT_DIR", str(weights))
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), dotted())
    sound = make_sound(tmp_path / "sound.wav", seconds=0.24)
    out = ["--outfile", str(tmp_path / "out.mkv"), "--encoder", "ffv1", "--engine", "puppet"]
    report = ["--report", str(tmp_path / "report.json"), "--lip_strength", "0"]
    return ["--face", str(photo), "--audio", str(sound), *out, *report]


def animate(video):
    return ["--animate", "fomm", "--driving_video", str(video)]


def steps_of(path):
    """How far the red dot goes to the right from frame to frame."""
    places = [red_dot(frame) for frame in frames_of(path)]
    return [after - before for before, after in itertools.pairwise(places)]


@pytest.mark.slow
def test_the_photo_moves_as_the_video_does(words, tmp_path, capsys):
    """As far in each frame; the photo's corners rest."""
    video = driving(tmp_path / "driving.mkv", range(0, 12, 2))
    assert main([*words, *animate(video)]) == 0
    assert "ask before commercial use" in capsys.readouterr().err
    frames = frames_of(tmp_path / "out.mkv")
    assert [frame.shape for frame in frames] == [(SIDE, SIDE, 3)] * 6
    assert steps_of(tmp_path / "out.mkv") == pytest.approx([STEP] * 5, abs=0.5)
    assert min(abs(red_dot(frame) - 80) for frame in frames) < 0.7  # from the photo's own place
    for frame in frames[1:]:
        assert np.array_equal(frame[-8:, :8], frames[0][-8:, :8])
    facts = json.loads((tmp_path / "report.json").read_text())
    assert facts["stages"] == [{"name": "portrait", "state": "ran", "reason": ""}]
    assert facts["faces"]["frames_with"] == 6
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("more", [[], ["--fp16"]])
def test_a_second_run_makes_the_same_bytes(words, tmp_path, more):
    """Of MP4, since Matroska gives each file a number of its own."""
    video = driving(tmp_path / "driving.mkv", range(0, 12, 4))
    outfiles = [tmp_path / "one.mp4", tmp_path / "two.mp4"]
    for outfile in outfiles:
        plain = ["--outfile", str(outfile), "--encoder", "libx264"]
        assert main([*words, *animate(video), *plain, *more]) == 0
    one, two = (outfile.read_bytes() for outfile in outfiles)
    assert one == two


@pytest.mark.slow
def test_another_rate_is_filled_and_a_longer_sound_loops(words, tmp_path):
    video = driving(tmp_path / "driving.mkv", range(0, 12, 2))
    more = ["--out_fps", "50", "--loop", "pingpong"]
    sound = make_sound(tmp_path / "longer.wav", seconds=0.28)
    assert main([*words, *animate(video), *more, "--audio", str(sound)]) == 0
    steps = steps_of(tmp_path / "out.mkv")
    assert steps == pytest.approx([STEP / 2] * 10 + [0, 0, -STEP / 2], abs=0.4)


@pytest.mark.slow
def test_absolute_motion_takes_the_video_s_own_pose(words, tmp_path):
    video = driving(tmp_path / "driving.mkv", range(0, 12, 2))
    assert main([*words, *animate(video), "--motion", "absolute"]) == 0
    assert steps_of(tmp_path / "out.mkv") == pytest.approx([STEP] * 5, abs=0.7)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shifts", "said"),
    [
        ([0, 2, 4, 6, None, None], "ends at 0.16 s, at a cut"),
        ([None, None, 0, 2, 4, 6, None], "ends at 0.24 s, at a cut"),
    ],
)
def test_what_is_before_a_cut_counts(words, tmp_path, capsys, shifts, said):
    video = driving(tmp_path / "driving.mkv", shifts)
    assert main([*words, *animate(video)]) == 0
    assert said in capsys.readouterr().err
    assert steps_of(tmp_path / "out.mkv") == pytest.approx([STEP] * 3 + [-3 * STEP, STEP], abs=0.6)
    (stage,) = json.loads((tmp_path / "report.json").read_text())["stages"]
    assert stage["state"] == "ran" and said in stage["reason"]


@pytest.mark.slow
def test_a_photo_or_a_video_without_a_face(words, tmp_path, capsys):
    blank = make_picture(tmp_path / "blank.png", numbered(7, 160, 120), ".png")
    face = driving(tmp_path / "driving.mkv", [0, 1])
    none = driving(tmp_path / "none.mkv", [None] * 3)
    for more in (animate(none), [*animate(face), "--face", str(blank)]):
        assert main([*words, *more]) == 4
        said = capsys.readouterr().err
        assert "error: no face found in" in said and "Traceback" not in said
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


@pytest.mark.parametrize("number", range(6))
def test_what_cannot_be_is_refused_before_the_work(words, tmp_path, capsys, monkeypatch, number):
    video = make_video(tmp_path / "film.mkv", frames=3)
    picture = make_picture(tmp_path / "still.png", dotted(), ".png")
    damaged = tmp_path / "damaged.tar"
    damaged.write_bytes(Path(os.environ["FOMM_CKPT_DIR"]).read_bytes()[:-500])
    more, variable, code, said = [
        (["--animate", "fomm"], None, 2, "needs a motion: name a video"),
        (animate(picture), None, 2, "is a picture"),
        ([*animate(video), "--face", str(video)], None, 2, "is for a photo"),
        (animate(tmp_path / "none.mp4"), None, 3, "none.mp4"),
        (animate(video), tmp_path / "none", 5, "there is no such file; FOMM_CKPT_DIR names it"),
        (animate(video), damaged, 5, "damaged"),
    ][number]
    if variable is not None:
        monkeypatch.setenv("FOMM_CKPT_DIR", str(variable))
    assert main([*words, *more]) == code
    err = capsys.readouterr().err
    assert said in err and len(err.strip().splitlines()) == 1
    assert not (tmp_path / "out.mkv").exists()


def test_it_is_left_out_where_that_is_wanted(words, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FOMM_CKPT_DIR", str(tmp_path))
    video = make_video(tmp_path / "film.mkv", frames=3)
    assert main([*words, *animate(video), "--on_stage_error", "skip"]) == 0
    err = capsys.readouterr().err
    assert "without the stage portrait" in err and "commercial" not in err
    frames = frames_of(tmp_path / "out.mkv")
    assert len(frames) == 6 and np.array_equal(frames[0], frames[5])


@pytest.mark.slow
@pytest.mark.parametrize(("ending", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_that_is_stopped_leaves_nothing(words, tmp_path, ending, code):
    """In the middle of drawing, as its events tell."""
    video = driving(tmp_path / "driving.mkv", range(6))
    spools = Path(tempfile.gettempdir())
    command = [sys.executable, str(ROOT / "inference_fast.py"), *words, *animate(video)]
    with subprocess.Popen(
        [*command, "--progress", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(spools)},
    ) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if b'"portrait"' in line:
                break
        run.send_signal(ending)
        _, err = run.communicate(timeout=PATIENCE)
    assert run.returncode == code and len(err.strip().splitlines()) <= 2
    assert list(spools.iterdir()) == [] and not (tmp_path / "out.mkv").exists()
