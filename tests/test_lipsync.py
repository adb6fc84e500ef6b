"""The Python API: the command's options and errors; the embedding program is left alone."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

import pytest

import lipsync as api
from command.flags import parse_options
from lipsync import COMMAND_ONLY, command_line, lipsync
from options.options import NO_PAGE, Options
from pipeline.report import Report, Step
from tests.cases import each
from tests.media import make_picture, make_sound, noise

ROOT = Path(__file__).parent.parent
PORTRAIT = ROOT / "demo" / "portrait.png"
BOX = (80, 280, 150, 330)  # of the portrait's face: nothing has to be detected
IMPORTS = "import sys, lipsync; print(*sys.modules)"


@pytest.fixture
def inputs(tmp_path):
    """A face, half a second of sound, and an output, with no cache."""
    sound = make_sound(tmp_path / "sound.wav", seconds=0.5)
    return {
        "face": str(PORTRAIT),
        "audio": sound,
        "outfile": tmp_path / "out" / "result.mp4",
        "box": BOX,
    }


def options_of(**values):
    return parse_options(command_line({"face": "face.png", "audio": "sound.wav", **values}))[0]


def test_the_video_is_written_and_its_facts_returned(inputs):
    steps = []
    report = lipsync(**inputs, fps=10, engine="puppet", progress=steps.append)
    assert isinstance(report, Report) and report.outfile == str(inputs["outfile"])
    assert (report.frames, report.fps, report.notices) == (5, "10", ())
    assert inputs["outfile"].stat().st_size > 0
    assert steps[-1] == Step("frames", 5, 5)


def test_the_types_can_be_imported():
    assert api.Report is Report and api.Step is Step
    assert all(getattr(api, name) for name in api.__all__)
    with pytest.raises(AttributeError, match="nothing_such"):
        api.nothing_such  # noqa: B018


def test_what_the_command_tells_people_is_in_the_report(inputs, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # no checkpoints here
    monkeypatch.delenv("MODEL_ROOT", raising=False)
    monkeypatch.setattr("wav2lip.checkpoint.CLONE_FOLDER", tmp_path)
    report = lipsync(**inputs, fps=10, smooth_mode="strong")
    puppet, useless = sorted(report.notices, reverse=True)
    assert "puppet" in puppet and "--smooth_mode changes nothing" in useless


def test_a_report_is_written_where_it_is_asked_for(inputs, tmp_path):
    lipsync(**inputs, fps=10, report=tmp_path / "report.json")
    assert '"frames": 5' in (tmp_path / "report.json").read_text()


@each(
    ("values", "name", "expected"),
    [
        ({"fps": Fraction(30000, 1001)}, "fps", Fraction(30000, 1001)),
        ({"fps": 29.97}, "fps", Fraction(30000, 1001)),
        ({"pads": [0, -5, 0, 0]}, "pads", (0, -5, 0, 0)),
        ({"crop": (0, -1, 0, -1)}, "crop", (0, -1, 0, -1)),
        ({"audio_offset": -1e-05}, "audio_offset", -1e-05),
        ({"static": True}, "static", True),
        ({"static": False}, "static", False),
        ({"fp16": True}, "fp16", True),
        ({"fp16": False}, "fp16", False),
        ({"quality": True}, "quality", NO_PAGE),
        ({"quality": "page.html"}, "quality", Path("page.html")),
        ({"checkpoint_path": None}, "checkpoint_path", None),
        ({"face": "-face.png"}, "face", Path("-face.png")),
    ],
)
def test_values_are_pythons(values, name, expected):
    assert getattr(options_of(**values), name) == expected


def test_every_option_takes_its_default():
    defaults = {option.name: option.default for option in fields(Options)}
    for name in ("face", "audio", "progress", *COMMAND_ONLY):
        del defaults[name]
    assert options_of(**defaults) == options_of()


@pytest.mark.parametrize("name", ["nothing_such", *COMMAND_ONLY])
def test_an_option_that_there_is_not(name, inputs):
    with pytest.raises(TypeError, match=f"no option {name}"):
        lipsync(**inputs, **{name: True})


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"crf": 99}, api.UsageError),
        ({"blend_method": "none_such"}, api.UsageError),
        ({"face": "nowhere.png"}, api.InputError),
        ({"checkpoint_path": "nowhere.pth"}, api.EngineError),
        ({"outfile": "/dev/null/result.mp4"}, api.OutputError),
        ({"report": "/dev/null/report.json"}, api.OutputError),  # before the work
    ],
)
def test_errors_are_exceptions(values, error, inputs, capfd):
    with pytest.raises(error) as caught:
        lipsync(**{**inputs, **values})
    assert "\n" not in str(caught.value) and not inputs["outfile"].exists()
    assert capfd.readouterr() == ("", "")


def test_a_picture_without_a_face(inputs, tmp_path):
    picture = make_picture(tmp_path / "noise.png", noise(1, 96, 96), ".png")
    with pytest.raises(api.NoFaceError):
        lipsync(**{**inputs, "face": picture, "box": None})


@pytest.mark.parametrize(
    ("raised", "reaches"),
    [(MemoryError, api.OutOfMemoryError), (ZeroDivisionError, ZeroDivisionError)],
)
def test_an_error_of_the_callback_ends_the_run(raised, reaches, inputs):
    """As one of ours where it means one; a bug stays what it is."""

    def fail(step):
        raise raised

    with pytest.raises(reaches) as caught:
        lipsync(**inputs, progress=fail)
    assert caught.type is reaches
    assert list(inputs["outfile"].parent.glob("*")) == []


def test_the_embedding_program_is_left_alone(inputs, capfd):
    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    environment, handlers = dict(os.environ), [signal.getsignal(number) for number in numbers]
    lipsync(**inputs, fps=10)
    assert dict(os.environ) == environment
    assert [signal.getsignal(number) for number in numbers] == handlers
    assert capfd.readouterr() == ("", "")


def test_threads_may_call_it_side_by_side(inputs):
    paths = [inputs["outfile"].with_name(f"{number}.mp4") for number in range(2)]
    with ThreadPoolExecutor() as pool:
        reports = pool.map(lambda path: lipsync(**{**inputs, "outfile": path}, fps=10), paths)
    assert [report.frames for report in reports] == [5, 5]
    assert all(path.stat().st_size for path in paths)


def test_its_import_is_light():
    """The installed programs import it before they listen to signals."""
    run = subprocess.run(
        [sys.executable, "-S", "-c", IMPORTS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"numpy", "argparse", "json", "typing", "pathlib"} & set(run.stdout.split())
