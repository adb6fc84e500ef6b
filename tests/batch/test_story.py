"""A script of scenes becomes one video: its pictures, sound, subtitles and chapters."""

import json
import signal
import subprocess
import sys
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import webvtt

from base.errors import InputError, UsageError
from batch.story import main
from batch.story_join import fitted
from batch.story_script import read_story
from tests.media import make_sound, make_video, number_of, numbered
from tests.readback import frames_of
from video.yuv import Frame

ROOT = Path(__file__).parents[2]
SCRIPT = """\
# Two scenes and a pause
face: face.mkv
box: 20 84 40 96

## Anna
language: en-US

Hello, this is **Anna**.

## A walk
face: clip.mkv
seconds: 1

## Bert
- language: en-GB

Good bye.
"""


@pytest.fixture
def script(tmp_path):
    make_video(tmp_path / "face.mkv", frames=20, size=(160, 120), codec="ffv1")
    make_video(tmp_path / "clip.mkv", frames=60, size=(64, 48), rate=50, codec="ffv1", sound=True)
    path = tmp_path / "script.md"
    path.write_text(SCRIPT)
    return path


def wrong(tmp_path, text):
    path = tmp_path / "wrong.md"
    path.write_text(text)
    return path


def test_scenes_are_read_with_their_settings(script):
    anna, walk, bert = read_story(script)
    assert [scene.name for scene in (anna, walk, bert)] == ["Anna", "A walk", "Bert"]
    assert anna.text == "Hello, this is **Anna**." and anna.speaks and not walk.speaks
    assert walk.seconds == 1 and walk.values["face"] == script.parent / "clip.mkv"
    assert bert.values["language"] == "en-GB" and bert.values["box"] == (20, 84, 40, 96)


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("", InputError, "no scene in it"),
        ("face: a.png\n\nHello.\n", InputError, "no scene in it"),
        ("## Anna\n\nHello.\n", UsageError, "line 1: the scene 'Anna' has no face"),
        ("## A\nface: a.png\nface: b.png\n", UsageError, "line 3: face stands there twice"),
        ("## A\nfase: a.png\n", UsageError, "no scene has a setting 'fase'"),
        ("## A\nface: a.png\noutfile: /etc/x\n", UsageError, "no scene has a setting 'outfile'"),
        ("## A\nface: a.png\nseconds: -1\n", UsageError, "a number up to 3600"),
        ("## A\nface: a.png\nseconds: 1e9\n", UsageError, "a number up to 3600"),
        ("## A\nface: a.png\ncrf: 1\n", UsageError, "no scene has a setting 'crf'"),
        ("## A\nface: a.png\nloop: no\n", UsageError, "loop: 'no': choose one"),
        ("## A\nface: a.png\n\n---\n", UsageError, "there is no word to speak"),
        ("## A\nface: a.png\naudio: b.wav\n\nHello.\n", UsageError, "a text and audio"),
        ("## A\nface: a.png\nvoice: command:rm\n\nHi.\n", UsageError, "starts no program"),
        ("## A\nface: a.png\n" * 1001, InputError, "more than 1000 scenes"),
        ("x" * (1 << 20) + "x", InputError, "longer than 1 MB"),
    ],
)
def test_a_script_that_is_wrong_is_refused_with_its_line(tmp_path, text, error, words):
    with pytest.raises(error) as caught:
        read_story(wrong(tmp_path, text))
    assert words in str(caught.value)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "a.md").write_bytes(b"## A\xff\n")
    with pytest.raises(InputError, match="no text in UTF-8"):
        read_story(tmp_path / "a.md")
    with pytest.raises(InputError, match="No such file"):
        read_story(tmp_path / "none.md")


def test_a_story_is_one_video_with_everything_in_it(script, tmp_path):
    out, texts = tmp_path / "story.mp4", tmp_path / "story.vtt"
    flags = ["--crf", "0", "--subtitle_track", "--subtitles", str(texts)]
    assert main([str(script), "--out", str(out), *flags]) == 0
    assert not (tmp_path / "story.mp4.scenes").exists()
    with av.open(str(out)) as video:
        chapters = video.chapters()
        assert [chapter["metadata"]["title"] for chapter in chapters] == ["Anna", "A walk", "Bert"]
        ends = [Fraction(chapter["end"]) * chapter["time_base"] for chapter in chapters]
        assert len(video.streams.subtitles) == 1
        lengths = [
            float(s.duration * s.time_base) for s in (*video.streams.video, *video.streams.audio)
        ]
    assert lengths == [pytest.approx(float(ends[-1]), abs=0.05)] * 2
    assert ends[1] - ends[0] == 1
    frames = frames_of(out)
    assert len(frames) == ends[-1] * 25
    walk = [number_of(frame) for frame in frames[int(ends[0] * 25) : int(ends[1] * 25)]]
    assert walk == list(range(0, 50, 2))
    captions = list(webvtt.read(str(texts)))
    assert [caption.text for caption in captions] == ["Hello, this is Anna.", "Good bye."]
    assert captions[1].start_in_seconds >= float(ends[1]) - 1


def test_a_plan_tells_lengths_and_writes_nothing(script, tmp_path, capsys):
    before = set(tmp_path.iterdir())
    assert main([str(script), "--out", str(tmp_path / "o.mp4"), "--dry_run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "1.00 s  A walk: clip.mkv is shown" in lines[1] and lines[-1].startswith("3 scenes")
    assert set(tmp_path.iterdir()) == before


@pytest.mark.slow
def test_a_story_that_was_stopped_goes_on(script, tmp_path):
    """Killed once the first scene is made: that one stays, and the end is the same."""
    scenes = [f"## Part {number}\n\nThis is part {number}.\n\n" for number in range(6)]
    script.write_text(f"face: face.mkv\nbox: 20 84 40 96\n{''.join(scenes)}")
    out, whole = tmp_path / "story.mp4", tmp_path / "whole.mp4"
    command = [sys.executable, str(ROOT / "inference_story.py"), str(script), "--out", str(out)]
    words = ["--workers", "1", "--progress", "json"]
    with subprocess.Popen([*command, *words], stdout=subprocess.PIPE, text=True) as run:
        events = map(json.loads, run.stdout)
        assert any(event["event"] == "ended" for event in events)
        run.send_signal(signal.SIGTERM)
    assert run.returncode == 143 and not out.exists()
    first = tmp_path / "story.mp4.scenes" / "001.mkv"
    made = first.stat().st_mtime_ns
    assert main([str(script), "--out", str(out), "--keep_scenes"]) == 0
    assert first.stat().st_mtime_ns == made
    assert main([str(script), "--out", str(whole)]) == 0
    assert len(frames_of(out)) == len(frames_of(whole))


@pytest.mark.parametrize(
    "case",
    [
        ([], 2, "--out is missing"),
        (["--out", "o.avi", "--subtitle_track"], 2, "no track"),
        (["--out", "o.mp4", "--subtitles", "o.txt"], 2, "ends in .srt or .vtt"),
        (["--out", "o.mp4", "--audio", "a.wav"], 2, "the script says what is spoken"),
        (["--out", "o.mp4", "--crf", "99"], 2, "crf"),
        (["--out", "o.xyz"], 6, "unknown ending"),
    ],
)
def test_flags_that_cannot_be_are_refused(script, monkeypatch, capsys, case):
    flags, code, words = case
    monkeypatch.chdir(script.parent)
    before = set(script.parent.iterdir())
    assert main([str(script), *flags]) == code
    assert words in capsys.readouterr().err
    assert set(script.parent.iterdir()) == before


def test_a_scene_that_fails_is_told_of(script, tmp_path, capsys):
    script.write_text(SCRIPT.replace("face: face.mkv", "face: none.mkv"))
    assert main([str(script), "--out", str(tmp_path / "o.mp4")]) == 8
    assert "2 of 2 jobs failed" in capsys.readouterr().err


@pytest.mark.slow
def test_a_sound_of_a_scene_is_its_own(tmp_path):
    make_video(tmp_path / "face.mkv", frames=20, size=(160, 120), codec="ffv1")
    make_sound(tmp_path / "tone.wav", seconds=1)
    text = "face: face.mkv\nbox: 20 84 40 96\n## A\naudio: tone.wav\n## B\nseconds: 0.4\n"
    out = tmp_path / "o.mkv"
    words = [str(wrong(tmp_path, text)), "--out", str(out), "--keep_scenes"]
    assert main(words) == 0
    with wave.open(str(tmp_path / "o.mkv.scenes" / "story.wav")) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert len(samples) == 1.4 * 48_000
    assert np.abs(samples[:40_000]).max() > 1000 and not samples[49_000:].any()


@pytest.mark.parametrize("size", [(64, 48), (48, 64), (200, 20), (640, 480)])
def test_a_picture_of_another_shape_stands_before_black(size):
    frame = Frame.of_picture(np.full((size[1], size[0], 3), 200, np.uint8))
    shown = fitted(frame, (160, 120)).picture()
    assert shown.shape == (120, 160, 3) and abs(int(shown[60, 80].mean()) - 200) < 4
    bars = size[0] * 120 != size[1] * 160
    assert bool(shown[0, 0].max() < 4) == bars
    same = Frame.of_picture(numbered(1, 160, 120))
    assert fitted(same, (160, 120)) is same


def test_the_story_of_the_demo_is_a_script():
    scenes = read_story(ROOT / "demo" / "story.md")
    assert {scene.values["language"] for scene in scenes if scene.speaks} == {"en-US", "en-GB"}
