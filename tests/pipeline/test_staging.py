"""Stages in a run, with real media."""

import json
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

import stages
from audio.load import load_sound
from audio.windows import windows_of
from base.errors import EngineError, UsageError
from command.cli import main
from options.options import Options
from pipeline.report import StageReport
from pipeline.settings import settings_of
from pipeline.staging import Staging, open_stages, sound_of
from stages import StageEntry
from stages.stage import StageScene, VideoFormat
from tests.media import make_sound, make_video
from tests.readback import frames_of
from video.yuv import Frame

GRAY = Frame.of_picture(np.full((48, 64, 3), 99, np.uint8))
SCENE = StageScene(VideoFormat(64, 48, Fraction(25)), GRAY, still=False)


@pytest.fixture
def words(tmp_path):
    face = make_video(tmp_path / "face.mkv", frames=10, size=(160, 120), codec="ffv1")
    sound = make_sound(tmp_path / "sound.wav", seconds=0.4)
    box = ["--box", "20", "84", "40", "96"]
    out = tmp_path / "out.mp4"
    return ["--face", str(face), "--audio", str(sound), "--outfile", str(out), *box]


def settings(*words, **options):
    options = {"face": "face.mp4", "audio": "sound.wav", **options}
    return settings_of(Options(**options))


def failing(settings, scene):
    raise EngineError("no such file")


def test_a_finished_video_is_enlarged(words, tmp_path):
    report = tmp_path / "report.json"
    assert main([*words, "--upscale", "2", "--report", str(report)]) == 0
    frames = frames_of(tmp_path / "out.mp4")
    assert len(frames) == 10 and frames[0].shape[:2] == (240, 320)
    facts = json.loads(report.read_text())
    assert facts["size"] == [320, 240]
    assert facts["stages"] == [{"name": "upscale", "state": "ran", "reason": ""}]


def test_a_result_of_too_many_pixels_is_refused_before_the_work(words, tmp_path, capsys):
    assert main([*words, "--upscale", "4", "--max_pixels", "100000"]) == 2
    assert "640x480" in capsys.readouterr().err
    assert not (tmp_path / "out.mp4").exists()


def test_a_stage_that_cannot_run_is_an_error_or_left_out(words, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(stages, "STAGES", stages.STAGES | {"upscale": StageEntry(failing)})
    monkeypatch.setattr("pipeline.staging.STAGES", stages.STAGES)
    assert main([*words, "--upscale", "2"]) == EngineError.exit_code
    assert not (tmp_path / "out.mp4").exists()
    report = tmp_path / "report.json"
    skip = ["--on_stage_error", "skip", "--report", str(report)]
    assert main([*words, "--upscale", "2", *skip]) == 0
    assert "without the stage upscale: no such file" in capsys.readouterr().err
    skipped = [{"name": "upscale", "state": "skipped", "reason": "no such file"}]
    facts = json.loads(report.read_text())
    assert facts["stages"] == skipped and facts["size"] == [160, 120]


def test_stages_stand_where_their_entry_says():
    wanted = settings(upscale=2)
    behind = open_stages(wanted.stages, SCENE, False, wanted.picture)
    before = open_stages(wanted.stages, SCENE, True, wanted.picture)
    assert [name for name, _ in behind.stages] == ["upscale"] and not before.stages
    assert behind.output(SCENE.format) == VideoFormat(128, 96, Fraction(25))


def test_no_stages_change_nothing():
    assert open_stages(settings().stages, SCENE, False, settings().picture).stages == ()


def test_stages_hear_the_sound_of_every_frame(tmp_path):
    path = make_sound(tmp_path / "sound.wav", seconds=1)
    windows = windows_of(load_sound(path), Fraction(25))
    sound = sound_of(windows)
    assert len(sound.loudness) == len(windows) == 25
    assert 0 <= sound.loudness.min() < 0.3 < sound.loudness.max() <= 1


def test_an_enlarged_result_larger_than_allowed_is_refused():
    wanted = settings(upscale=4, max_pixels=10_000)
    with pytest.raises(UsageError, match="256x192"):
        open_stages(wanted.stages, SCENE, False, wanted.picture)


def test_what_a_stage_notes_stands_in_the_report():
    @dataclass
    class Noting:
        notes: tuple[str, ...] = ()

    stage = Noting()
    reports = StageReport("still", "ran"), StageReport("gone", "skipped", "no such file")
    staging = Staging((("still", stage),), reports)
    assert staging.outcomes == (StageReport("still", "ran"), reports[1])
    stage.notes = ("one", "two")
    assert staging.outcomes == (StageReport("still", "ran", "one; two"), reports[1])
