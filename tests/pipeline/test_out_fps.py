"""Another rate for the result, in a run with real media."""

import json
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from audio.load import SAMPLE_RATE, load_sound
from command.cli import main
from quality.comparison import Comparison, compared_frames
from quality.opening import mouth_openings
from quality.sync import frame_loudness, measure_sync
from tests.media import make_sound, make_video, number_of
from tests.readback import frames_of
from tests.slow import slow

PORTRAIT = Path(__file__).parents[2] / "demo" / "portrait.png"
SPEECH = Path(__file__).parents[2] / "demo" / "speech.m4a"


def words(face, sound, out, *more):
    return ["--face", str(face), "--audio", str(sound), "--outfile", str(out), *more]


def times_of(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return [frame.pts * stream.time_base for frame in container.decode(stream)]


def boxed(*more):
    return ["--box", "20", "84", "40", "96", "--encoder", "ffv1", *more]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (25, "60"),
        slow(25, "50"),
        (60, "25"),
        slow(30, "59.94"),
    ],
)
def test_the_result_has_the_rate_and_ends_with_the_sound(tmp_path, given, wanted):
    face = make_video(
        tmp_path / "face.mkv", frames=7, size=(160, 120), rate=Fraction(given), codec="ffv1"
    )
    sound, out = make_sound(tmp_path / "sound.wav", seconds=0.5), tmp_path / "out.mkv"
    report = tmp_path / "report.json"
    more = ["--out_fps", wanted, "--report", str(report)]
    assert main(words(face, sound, out, *boxed(*more))) == 0
    rate = {"59.94": Fraction(60000, 1001)}.get(wanted) or Fraction(wanted)
    times = times_of(out)
    assert len(times) == -(-Fraction(1, 2) * rate // 1)
    assert np.abs(np.diff([*map(float, times)]) - float(1 / rate)).max() < 0.0011  # mkv's ticks
    facts = json.loads(report.read_text())
    assert facts["fps"] == str(rate) and facts["frames"] == len(times)
    assert facts["stages"] == [{"name": "rate", "state": "ran", "reason": ""}]


def test_frames_at_the_sources_own_times_are_the_sources(tmp_path):
    """The clip loops: each frame has a number, and none is mixed at the jump."""
    face = make_video(tmp_path / "face.mkv", frames=7, size=(160, 120), codec="ffv1")
    sound, out = make_sound(tmp_path / "sound.wav", seconds=0.48), tmp_path / "out.mkv"
    assert main(words(face, sound, out, *boxed("--out_fps", "50"))) == 0
    before, after = frames_of(face), frames_of(out)
    assert len(after) == 24
    for index in range(0, 24, 2):
        changed = np.abs(after[index].astype(int) - before[index // 2 % 7]) > 2
        assert not changed[:, 104:].any()  # right of the face nothing is new
    jump = [number_of(after[13])]  # between frame 6 and frame 0
    assert jump == [0]


@pytest.mark.slow
def test_a_photo_is_simply_made_at_the_rate(tmp_path):
    sound, out = make_sound(tmp_path / "sound.wav", seconds=0.3), tmp_path / "out.mkv"
    report = tmp_path / "report.json"
    more = ["--out_fps", "60", "--report", str(report), "--encoder", "ffv1"]
    assert main(words(PORTRAIT, sound, out, *more)) == 0
    assert len(times_of(out)) == 18
    assert json.loads(report.read_text())["frames_generated"] == 18


def swaying(number, width, height):
    """The portrait, a little to the side in each frame."""
    x = 4 * np.sin(number / 4)
    return cv2.warpAffine(
        cv2.resize(cv2.imread(str(PORTRAIT)), (width, height)),
        np.array([[1, 0, x], [0, 1, 0]], np.float64),
        (width, height),
        borderMode=cv2.BORDER_REPLICATE,
    )


@pytest.mark.slow
def test_the_mouth_keeps_to_its_sound_at_the_higher_rate(tmp_path):
    face = make_video(tmp_path / "face.mkv", frames=40, size=(192, 192), draw=swaying)
    samples = load_sound(SPEECH).samples[None, SAMPLE_RATE : 4 * SAMPLE_RATE]
    speech = make_sound(tmp_path / "speech.wav", rate=SAMPLE_RATE, samples=samples)
    out, sound = tmp_path / "out.mkv", load_sound(speech)
    report = tmp_path / "report.json"
    more = ["--engine", "puppet", "--quality", "--report", str(report)]
    assert main(words(face, speech, out, "--out_fps", "60", *more)) == 0
    openings = mouth_openings(compared_frames(Comparison(out, face, loop="freeze"))).result
    assert len(openings) == -(-sound.duration * 60 // 1)
    sync = measure_sync(openings, frame_loudness(sound, Fraction(60), len(openings)), Fraction(60))
    assert abs(sync.lag_ms) < 1000 / 60 and sync.confidence > 0.9
    figures = json.loads(report.read_text())["quality"]["figures"]
    assert figures["jitter"]["value"] < 0.3  # judged beside the frames that it was made from


def test_a_network_that_is_missing_is_refused_before_the_work(tmp_path, capsys):
    face = make_video(tmp_path / "face.mkv", frames=7, size=(160, 120), codec="ffv1")
    sound, out = make_sound(tmp_path / "sound.wav", seconds=0.3), tmp_path / "out.mkv"
    more = ["--out_fps", "50", "--interpolator", str(tmp_path / "rife.onnx")]
    assert main(words(face, sound, out, *boxed(*more))) == 5
    assert "rife.onnx: no such file" in capsys.readouterr().err and not out.exists()
    assert main(words(face, sound, out, *boxed(*more, "--on_stage_error", "skip"))) == 0
    assert len(times_of(out)) == 8  # at the video's own rate


def test_a_rate_out_of_range_is_refused(tmp_path, capsys):
    assert main(words("a.mp4", "b.wav", tmp_path / "c.mp4", "--out_fps", "500")) == 2
    assert "--out_fps must be 1 to 240" in capsys.readouterr().err
