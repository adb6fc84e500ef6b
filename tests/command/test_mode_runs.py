"""Modes in whole runs: what the encoder was told, what the report and --check say."""

import json
import re
from pathlib import Path

import pytest

from command.cli import main
from tests.media import make_sound

PORTRAIT = Path(__file__).parents[2] / "demo" / "portrait.png"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs the puppet on half a second: its report, what x264 was told, standard error."""
    monkeypatch.setattr("wav2lip.checkpoint.CLONE_FOLDER", tmp_path / "none" / "checkpoints")
    monkeypatch.chdir(tmp_path)
    sound = make_sound(tmp_path / "s.wav", seconds=0.3)

    def command(*words):
        named = ["--face", PORTRAIT, "--audio", sound, "--outfile", "o.mp4", "--report", "r.json"]
        box = ["--box", "80", "280", "150", "330", "--fps", "10"]
        assert main([*map(str, named), *box, *words]) == 0
        told = capsys.readouterr()
        report = json.loads(Path("r.json").read_text()) if Path("r.json").exists() else {}
        return report, x264_options(Path("o.mp4")), told

    return command


def x264_options(path):
    """What x264 writes of itself into the stream."""
    if not path.exists():
        return {}
    words = re.search(rb"options: ([^\0]+)", path.read_bytes())[1].decode("latin-1").split()
    return dict(word.partition("=")[::2] for word in words if "=" in word)


def test_without_a_mode_all_is_as_ever(run):
    report, options, _ = run()
    assert report["mode"] is None and "vbv_maxrate" not in options
    assert (options["subme"], options["crf"]) == ("1", "17.5")


def test_real_time_is_ultrafast_with_a_limit(run):
    report, options, _ = run("--mode", "real_time")
    assert report["mode"] == {
        "name": "real_time",
        "chosen": "real_time",
        "reason": "--mode names it",
    }
    assert (options["cabac"], options["me"]) == ("0", "dia")
    assert (options["vbv_maxrate"], options["vbv_bufsize"]) == ("1600", "800")


def test_high_quality_is_slow_with_a_higher_limit(run):
    _, options, _ = run("--mode", "high_quality")
    assert (options["subme"], options["crf"], options["vbv_maxrate"]) == ("8", "18.0", "4800")


def test_studio_is_slower_still(run):
    report, options, _ = run("--profile", "studio")
    assert (options["subme"], options["vbv_maxrate"], report["mode"]) == ("9", "9600", None)


def test_the_environment_is_the_report_s_reason(run, monkeypatch):
    monkeypatch.setenv("DEFAULT_QUALITY_MODE", "real_time")
    report, options, _ = run()
    assert report["mode"]["reason"] == "DEFAULT_QUALITY_MODE names it"
    assert options["vbv_maxrate"] == "1600"


def test_check_shows_all_that_a_mode_sets(run):
    _, _, told = run("--mode", "auto", "--check")
    lines = told.err.splitlines()
    (head,) = [line for line in lines if line.startswith("mode    ")]
    assert head.startswith("mode    real_time (no weights of Wav2Lip")
    assert "        --preset real_time" in lines and "        --max_bitrate 2000000" in lines
    _, _, told = run("--mode", "auto", "--check", "--progress", "json", "--crf", "33")
    mode = json.loads(told.out.splitlines()[-1])["mode"]
    assert mode["chosen"] == "real_time" and "crf" not in mode["options"]
    _, _, told = run("--check")
    assert "mode  " not in told.err and not Path("o.mp4").exists()


def test_a_mode_that_the_environment_does_not_know_is_one_line(run, monkeypatch, capsys):
    monkeypatch.setenv("DEFAULT_QUALITY_MODE", "best")
    assert main(["--face", "f", "--audio", "a"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: DEFAULT_QUALITY_MODE=best in the environment")
