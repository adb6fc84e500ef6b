"""A result judged from the command line, the gate over the blend methods, SyncNet's crops."""

import json
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from base.errors import NoFaceError
from base.geometry import Box, Landmarks
from benchmarks.__main__ import main
from benchmarks.lse.measure import SIDE, FaceCrop, crop_face, longest_run
from benchmarks.material.clips import STILL, make_clip
from benchmarks.material.sound import make_speech
from benchmarks.quality.gate import (
    NETWORK,
    PUPPET,
    TONED,
    JudgedRun,
    judge_run,
    table,
    with_network_tone,
)
from faces.face import Face
from options.options import NO_PAGE, Options
from quality.verdict import BOUNDS
from tests.media import make_video
from tests.quality.puppet_run import run_puppet
from tests.readback import frames_of
from tests.talking import PORTRAIT
from video.yuv import Frame

pytestmark = pytest.mark.slow

GOOD = {bound.meter: bound.passes for bound in BOUNDS}
ALL_PASS = dict.fromkeys(GOOD, "pass")


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    comparison, _ = run_puppet(tmp_path_factory.mktemp("run"), seconds=1.2)
    return comparison.result


def test_a_good_result_passes_and_is_kept(result, tmp_path, capsys):
    out, page = tmp_path / "new" / "q.json", tmp_path / "q.html"
    arguments = ["quality", str(result), "--source", str(PORTRAIT), "--out", str(out)]
    assert main([*arguments, "--page", str(page)]) == 0
    printed = capsys.readouterr().out
    assert "quality: " in printed and "| Seam " in printed
    kept = json.loads(out.read_text())
    assert kept["verdict"] in ("pass", "look") and kept["result"] == result.name
    assert kept["figures"]["seam"]["level"] == "pass"
    assert "<svg" in page.read_text()


def test_a_face_of_another_size_cannot_be_the_source(result, tmp_path, capsys):
    other = make_video(tmp_path / "other.mp4", frames=2, size=(64, 48))
    assert main(["quality", str(result), "--source", str(other)]) == 2
    assert "is not the size of" in capsys.readouterr().err


def test_a_box_around_the_mouth_fails(result, tmp_path, capsys):
    frames = frames_of(result)
    for frame in frames:
        frame[150:330, 180:340] = cv2.add(frame[150:330, 180:340], (14, 14, 14, 0))
    boxed = make_video(
        tmp_path / "boxed.mkv",
        frames=len(frames),
        size=(512, 512),
        draw=lambda i, w, h: frames[i],
        sound=True,
    )
    assert main(["quality", str(boxed), "--source", str(PORTRAIT)]) == 1
    assert "seam" in capsys.readouterr().out.splitlines()[-1]


def test_a_missing_result_is_an_error_of_one_line(tmp_path, capsys):
    assert main(["quality", str(tmp_path / "none.mp4"), "--source", str(PORTRAIT)]) == 3
    assert capsys.readouterr().err.count("\n") == 1


RUN = JudgedRun("still", PUPPET, "ellipse", GOOD, ALL_PASS)


def test_the_gate_wants_every_method_to_pass_and_a_plain_paste_to_fail():
    assert RUN.wrong == []
    assert replace(RUN, levels={**ALL_PASS, "jitter": "fail"}).wrong == ["jitter"]
    assert replace(RUN, levels={**ALL_PASS, "jitter": "look"}).wrong == []
    pasted = replace(RUN, method="original", mouth=TONED)
    assert pasted.wrong == ["seam passes", "colour_step passes"]
    failed = {**ALL_PASS, "seam": "fail", "colour_step": "fail", "flicker": "fail"}
    assert replace(pasted, levels=failed).wrong == []
    assert replace(pasted, mouth=PUPPET).wrong == []


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    work, seconds = tmp_path_factory.mktemp("gate"), 1.2
    face, sound = make_clip(STILL, work, seconds), make_speech(work / "speech.wav", seconds)
    options = Options(face=face, audio=sound, outfile=work / "r.mp4", cache_dir=work / "cache")
    return replace(options, quality=NO_PAGE, engine="puppet")


@pytest.mark.parametrize(("method", "level"), [("original", "fail"), ("ellipse", "pass")])
def test_the_gates_toned_mouths_are_blended_by_the_method(job, method, level):
    run = judge_run(replace(job, blend_method=method), STILL, TONED)
    assert (run.levels["seam"], run.levels["colour_step"]) == (level, level), run.values
    assert run.row == method and replace(run, mouth=PUPPET).row == PUPPET


def test_of_noise_only_the_rest_of_the_picture_is_judged():
    noise = replace(RUN, mouth=NETWORK, levels={**ALL_PASS, "flicker": "fail"})
    assert noise.wrong == []
    assert replace(noise, levels={**ALL_PASS, "untouched_psnr": "fail"}).wrong == ["untouched_psnr"]


def test_the_table_shows_the_worst_run_of_a_method():
    good = replace(RUN, mouth=TONED)
    worse = replace(good, values={**GOOD, "seam": 1.75, "untouched_psnr": 31.0})
    printed = table([RUN, good, worse])
    assert "1.75 !" in printed and "31.00 !" in printed
    assert printed.count("ellipse") == 1 and printed.count("puppet") == 1


def test_degraded_mouths_differ_from_the_generators_in_every_frame():
    patches = np.full((3, 96, 96, 3), 120, np.uint8)
    (out,) = with_network_tone(lambda batches: iter([patches]))([None])
    means = out.mean(axis=(1, 2))
    assert out.shape == patches.shape and out.dtype == np.uint8
    assert (np.abs(means - 120) > 1).all() and (np.ptp(means, axis=0) > 0.2).all()


def test_the_crop_shows_more_of_the_chin_than_of_the_forehead():
    """Half a size above the middle of the box, 0.9 below it, 0.7 to each side."""
    picture = np.zeros((400, 400, 3), np.uint8)
    picture[150:290, 130:270] = 200  # 100 high: from 50 above 200 to 90 below, 70 to each side
    box = Box(150.0, 250.0, 160.0, 240.0)
    crop = crop_face(Frame.of_picture(picture), Face(box, Landmarks.fixed(box), 1.0))
    assert crop.shape == (SIDE, SIDE, 3) and crop.min() > 190


def test_beyond_the_picture_it_is_grey():
    box = Box(-20.0, 60.0, -20.0, 60.0)
    frame = Frame.of_picture(np.full((200, 200, 3), 255, np.uint8))
    crop = crop_face(frame, Face(box, Landmarks.fixed(box), 1.0))
    assert (crop[0, 0] == 110).all() and (crop[-1, -1] > 250).all()


def crops(*indices):
    return (FaceCrop(np.full((1, 1, 3), i % 256, np.uint8), i) for i in indices)


def test_the_longest_run_is_taken_at_25_frames_a_second():
    faces, first = longest_run(crops(0, 1, *range(10, 40)), Fraction(50))
    assert first == 5
    assert faces[:, 0, 0, 0].tolist() == list(range(10, 40, 2))
    faces, first = longest_run(crops(*range(10)), Fraction(25, 2))
    assert first == 0 and faces[:5, 0, 0, 0].tolist() == [0, 0, 1, 1, 2]
    with pytest.raises(NoFaceError):
        longest_run(crops(), Fraction(25))
