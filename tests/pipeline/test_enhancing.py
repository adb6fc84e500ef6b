"""Restored faces and enlarging networks in a run, with real media."""

import json

import numpy as np
import pytest

from command.cli import main
from tests.blending.seen_faces import PORTRAIT
from tests.media import make_sound
from tests.readback import frames_of
from tests.stages.picture_networks import (
    ANY,
    FACE,
    SHARP,
    enlarging,
    filtered,
    not_a_number,
    onnx_file,
)


@pytest.fixture
def run(tmp_path):
    """The exit code, and what the report says."""
    sound = make_sound(tmp_path / "sound.wav", seconds=0.3)
    out, report = tmp_path / "out.mkv", tmp_path / "report.json"
    words = ["--face", PORTRAIT, "--audio", sound, "--outfile", out, "--report", report]
    words += ["--engine", "puppet", "--encoder", "ffv1", "--resize_factor", "2"]

    def command(*flags):
        code = main([str(word) for word in (*words, *flags)])
        return code, json.loads(report.read_text()) if code == 0 else None, out

    return command


def states(report):
    return {stage["name"]: stage["state"] for stage in report["stages"]}


def test_a_restored_and_enlarged_run(run, tmp_path):
    code, _, out = run()
    plain = frames_of(out)
    sharp = onnx_file(tmp_path / "sharp.onnx", SHARP)
    larger = onnx_file(tmp_path / "larger.onnx", enlarging(2, np.ones((1, 1))), ANY, ANY)
    code, report, out = run("--enhance", sharp, "--upscale", "2", "--upscaler", larger)
    assert code == 0 and states(report) == {"enhance": "ran", "upscale": "ran"}
    assert {stage["reason"] for stage in report["stages"]} == {"ONNX by OpenVINO"}
    frames = frames_of(out)
    assert len(frames) == len(plain) and frames[0].shape[0] == 2 * plain[0].shape[0]
    small = frames[3][::2, ::2].astype(int)
    changed = np.abs(small - plain[3]).max(2) > 3
    assert 0.001 < changed.mean() < 0.3


def test_a_network_that_fails_in_the_middle_stops_or_is_left_out(run, tmp_path, capsys):
    broken = onnx_file(tmp_path / "broken.onnx", not_a_number)
    assert run("--enhance", broken)[0] == 5
    assert "no number" in capsys.readouterr().err
    assert not (tmp_path / "out.mkv").exists()
    larger = onnx_file(tmp_path / "larger.onnx", not_a_number_twice_as_large, ANY, ANY)
    flags = ("--upscale", "2", "--upscaler", larger, "--on_stage_error", "skip")
    code, report, out = run("--enhance", broken, *flags)
    assert code == 0 and states(report) == {"enhance": "partly", "upscale": "partly"}
    assert "the stage enhance failed at frame 0" in capsys.readouterr().err
    without = frames_of(out)
    _, _, out = run("--upscale", "2")
    assert all(np.array_equal(a, b) for a, b in zip(without, frames_of(out), strict=True))


def not_a_number_twice_as_large(graph, x):
    return not_a_number(graph, enlarging(2)(graph, x))


def test_a_file_that_is_missing_stops_before_the_work_or_is_left_out(run, tmp_path, capsys):
    missing = tmp_path / "none.pth"
    assert run("--enhance", missing)[0] == 5
    assert run("--upscale", "2", "--upscaler", missing)[0] == 5
    flags = ("--upscale", "2", "--upscaler", missing, "--on_stage_error", "skip")
    code, report, out = run("--enhance", missing, *flags)
    assert code == 0 and states(report) == {"enhance": "skipped", "upscale": "skipped"}
    assert frames_of(out)[0].shape[0] == report["size"][1]
    assert "without the stage enhance" in capsys.readouterr().err


def test_too_many_pixels_are_refused(run, tmp_path, capsys):
    larger = onnx_file(tmp_path / "larger.onnx", enlarging(4), ANY, ANY)
    flags = ("--upscale", "4", "--upscaler", larger, "--max_pixels", "300000")
    assert run(*flags)[0] == 2
    assert "over --max_pixels" in capsys.readouterr().err


def test_flags_without_effect_are_named(run, tmp_path, capsys):
    assert run("--enhance_region", "mouth", "--enhance_strength", "0.5")[0] == 0
    said = capsys.readouterr().err
    assert "--enhance_region changes nothing without --enhance" in said
    assert run("--enhance_strength", "2")[0] == 2


def test_the_identity_leaves_a_run_as_it_is(run, tmp_path):
    _, _, out = run()
    plain = frames_of(out)
    same = onnx_file(tmp_path / "same.onnx", filtered(np.ones((1, 1))), FACE, FACE)
    _, _, out = run("--enhance", same)
    changes = [np.abs(a.astype(int) - b).max() for a, b in zip(plain, frames_of(out), strict=True)]
    assert max(changes) <= 1
