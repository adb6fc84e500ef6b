"""--quality: the finished file is looked at again, and what is seen is told."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from command.cli import main
from faces.face import FaceTrack
from options.options import NO_PAGE, Options
from pipeline.judgement import MOUTH_FOLLOWS, judgement, view_of
from pipeline.settings import settings_of
from quality.verdict import BOUNDS
from tests.media import make_sound
from tests.talking import PORTRAIT


@pytest.fixture
def command(tmp_path, capsys):
    sound = make_sound(tmp_path / "sound.wav", seconds=0.6)

    def run(*words):
        given = ["--face", PORTRAIT, "--audio", sound, "--outfile", tmp_path / "out.mp4"]
        given += ["--engine", "puppet", "--report", tmp_path / "r.json"]
        code = main([*map(str, given), *map(str, words)])
        report = tmp_path / "r.json"
        told = capsys.readouterr().err.splitlines()
        return code, told, json.loads(report.read_text()) if report.exists() else {}

    return run


def test_the_verdict_is_told_in_a_line_and_kept_in_the_report(command, tmp_path):
    page = tmp_path / "new" / "page.html"
    code, told, report = command("--quality", page)
    assert code == 0
    assert told[-2].startswith("quality: ") and told[-1].startswith("done: ")
    assert set(report["quality"]["figures"]) == {bound.meter for bound in BOUNDS}
    assert report["quality"]["figures"]["untouched_psnr"]["value"] > 38
    assert report["quality"]["sentence"] == told[-2]
    assert report["seconds_by_stage"]["quality"] > 0
    assert "<svg" in page.read_text() and "out.mp4" in page.read_text()


def test_a_mouth_that_was_asked_to_rest_need_not_follow(command):
    _, _, report = command("--quality", "--lip_strength", "0")
    levels = {name: one["level"] for name, one in report["quality"]["figures"].items()}
    assert {levels[name] for name in MOUTH_FOLLOWS} == {"unknown"}
    assert levels["seam"] == "pass" and "follows" not in report["quality"]["sentence"]


@pytest.mark.slow
def test_a_switch_alone_writes_no_page(command, tmp_path):
    before = {path.name for path in tmp_path.iterdir()}
    code, _, report = command("--quality")
    assert code == 0 and report["quality"]["figures"]
    assert {path.name for path in tmp_path.iterdir()} - before == {"out.mp4", "r.json"}


def test_who_does_not_ask_does_not_wait(command):
    _, told, report = command()
    assert report["quality"] == {} and "quality" not in report["seconds_by_stage"]
    assert not any(line.startswith("quality") for line in told)


@pytest.mark.parametrize("name", ["true", "page.txt", "out.mp4"])
def test_a_page_is_called_a_page(command, tmp_path, name):
    code, told, _ = command("--quality", tmp_path / name)
    assert code == 2 and "--quality" in told[-1]


def test_a_page_is_not_written_over_the_face(command, tmp_path):
    face = tmp_path / "face.html"
    face.write_bytes(PORTRAIT.read_bytes())
    code, told, _ = command("--quality", face, "--face", face)
    assert code == 2 and "same file" in told[-1]


def test_the_meters_see_the_source_as_the_run_did():
    """With its track: nothing is detected again."""
    options = Options(
        face=Path("f.mp4"),
        audio=Path("a.wav"),
        resize_factor=2,
        rotate=True,
        loop="pingpong",
        static=True,
        audio_offset=-120,
        quality=NO_PAGE,
    )
    faces = FaceTrack.of((None, None))
    view = view_of(settings_of(options), faces)
    assert view.faces is faces and view.result == options.outfile
    assert (view.source, view.audio, view.loop, view.static) == (
        options.face,
        options.audio,
        "pingpong",
        True,
    )
    assert view.mouth_delay == Fraction(-3, 25)
    assert (view.shape.resize_factor, view.shape.rotate) == (2, True)


def test_the_mouth_is_held_against_the_sound_that_moved_it():
    given = {"face": Path("f.mp4"), "audio": Path("a.wav"), "drive_audio": Path("d.wav")}
    assert view_of(settings_of(Options(**given)), FaceTrack.of((None,))).audio == Path("d.wav")


def test_a_result_without_a_face_to_look_at_is_not_measured(command, tmp_path):
    code, _, _ = command()
    options = Options(
        face=PORTRAIT, audio=tmp_path / "sound.wav", outfile=tmp_path / "out.mp4", quality=NO_PAGE
    )
    found = judgement(settings_of(options), FaceTrack.of((None,)))
    assert code == 0 and found["sentence"].startswith("quality: not measured")
    assert found["verdict"] == "unknown" and set(found["figures"]) == {b.meter for b in BOUNDS}


@pytest.mark.slow
def test_a_result_of_another_size_is_judged_without_its_source(command):
    code, _, report = command("--quality", "--upscale", "2")
    levels = {name: one["level"] for name, one in report["quality"]["figures"].items()}
    assert code == 0 and levels["untouched_psnr"] == levels["lips_seen"] == "unknown"
    assert levels["ends_apart_ms"] == "pass"
