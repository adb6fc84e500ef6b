"""A living photo by the command, with speech and without."""

import json
import subprocess
import sys
from itertools import pairwise

import av
import cv2
import numpy as np
import pytest

from command.cli import main
from pipeline.mouth_audio import silence
from tests.jobs import BOX, PORTRAIT
from tests.media import make_sound, make_video
from tests.readback import frames_of

QUIET = (*BOX, "--progress", "none")


@pytest.fixture(scope="module")
def face(tmp_path_factory):
    path = tmp_path_factory.mktemp("face") / "ann.png"
    picture = cv2.resize(cv2.imread(str(PORTRAIT)), (160, 160), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(path), picture)
    return path


def idle(face, path, *words):
    return main(["--face", str(face), "--outfile", str(path), "--encoder", "ffv1", *QUIET, *words])


def steps(frames):
    return [np.abs(a.astype(int) - b).mean() for a, b in pairwise(frames)]


def test_an_idle_portrait_needs_no_sound_and_has_none(face, tmp_path):
    path = tmp_path / "idle.mkv"
    report = tmp_path / "report.json"
    assert idle(face, path, "--idle", "1.2", "--report", str(report)) == 0
    (stage,) = json.loads(report.read_text())["stages"]
    assert stage == {"name": "animate", "state": "ran", "reason": ""}
    with av.open(str(path)) as container:
        assert not container.streams.audio
    frames = frames_of(path)
    assert len(frames) == 30
    inner = steps(frames)
    assert max(inner) > 0.1
    assert steps([frames[-1], frames[0]])[0] <= np.median(inner)


def test_the_same_seed_writes_the_same_file(face, tmp_path):
    for name, seed in (("a", "7"), ("b", "7"), ("c", "8")):
        assert idle(face, tmp_path / f"{name}.mkv", "--idle", "0.5", "--seed", seed) == 0
    first, again, other = (frames_of(tmp_path / f"{name}.mkv") for name in "abc")
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_a_photo_lives_while_it_speaks(face, tmp_path):
    sound, still, lively = (tmp_path / name for name in ("sound.wav", "still.mkv", "lively.mkv"))
    words = ("--audio", str(make_sound(sound, seconds=1)))
    assert idle(face, still, *words) == 0
    assert idle(face, lively, *words, "--animate", "idle", "--expression_scale", "1.3") == 0
    one, other = frames_of(still), frames_of(lively)
    assert len(one) == len(other) and np.array_equal(one[0], other[0])
    hair = slice(8, 30), slice(40, 120)
    assert np.array_equal(one[0][hair], one[12][hair])
    assert not np.array_equal(other[0][hair], other[12][hair])


@pytest.mark.parametrize("words", [("--audio", "x.wav"), ("--quality",)])
def test_what_speaks_of_speech_is_refused_without_it(face, tmp_path, words, capsys):
    assert idle(face, tmp_path / "idle.mkv", "--idle", "2", *words) == 2
    assert f"--idle is without speech: leave {words[0]} out" in capsys.readouterr().err


def test_a_video_is_not_animated(tmp_path, capsys):
    clip = make_video(tmp_path / "clip.mkv", frames=5, size=(160, 120), codec="ffv1")
    box = ("--box", "20", "84", "40", "96")
    assert idle(clip, tmp_path / "out.mkv", "--idle", "1", *box) == 2
    assert "is a video" in capsys.readouterr().err
    assert not (tmp_path / "out.mkv").exists()


def test_the_demo_can_be_idle(face, tmp_path):
    path = tmp_path / "demo.mkv"
    assert idle(face, path, "--demo", "--idle", "0.4") == 0
    assert len(frames_of(path)) == 10


@pytest.mark.parametrize("name", ["seed", "expression_scale"])
def test_motion_of_nothing_is_noticed(face, tmp_path, name, capsys):
    sound = make_sound(tmp_path / "sound.wav", seconds=0.2)
    assert idle(face, tmp_path / "o.mkv", "--audio", str(sound), f"--{name}", "2") == 0
    assert f"--{name} changes nothing without --animate" in capsys.readouterr().err


def test_silence_is_as_long_as_asked():
    assert silence(2).duration == 2 and not silence(2).samples.any()
    assert len(silence(0).samples) == 1


def test_help_waits_for_no_reader_of_media():
    """Options are imported by --help."""
    words = "import sys, options.options; print({'av', 'openvino'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
