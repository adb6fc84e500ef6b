"""Frames without a face, many faces, cuts, and a face that leaves: delivered, and told."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from command.cli import main
from pipeline.report import MOST_SPANS, Faces
from tests.media import make_sound, make_video
from tests.readback import frames_of

PORTRAIT = Path(__file__).parents[2] / "demo" / "portrait.png"
FRAMES, SIZE = 20, (256, 160)  # frames, (width, height)


@pytest.fixture(scope="module")
def portrait():
    return cv2.resize(cv2.imread(str(PORTRAIT)), (120, 120), interpolation=cv2.INTER_AREA)


@pytest.fixture
def told(tmp_path, capsys):
    """told(draw, ...): the report of a run on frames `draw(i)`; the result has all of them."""

    def run(draw, *words):
        face = make_video(
            tmp_path / "face.mkv",
            frames=FRAMES,
            size=SIZE,
            codec="ffv1",
            draw=lambda i, *_: draw(i),
        )
        sound, report = make_sound(tmp_path / "s.wav", FRAMES / 25), tmp_path / "report.json"
        out = tmp_path / "out.mp4"
        flags = {"face": face, "audio": sound, "outfile": out, "report": report}
        named = [f"--{flag}={value}" for flag, value in flags.items()]
        assert main([*named, "--engine=puppet", *words]) == 0
        assert len(frames_of(out)) == FRAMES
        return json.loads(report.read_text())

    return run


def shown(picture, *lefts):
    """A grey frame with the picture at these places, cut off at the border."""
    frame = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    for left in lefts:
        start, stop = max(left, 0), min(left + picture.shape[1], SIZE[0])
        if start < stop:
            frame[20:140, start:stop] = picture[:, start - left : stop - left]
    return frame


def test_one_face_all_along(told, portrait):
    seen = told(lambda i: shown(portrait, 60))["faces"]
    assert seen == {
        **{"frames_with": FRAMES, "frames_without": 0, "without": []},
        **{"cuts": 0, "most_at_once": 1, "frames_covered": 0},
    }


def test_two_faces_in_one_picture(told, portrait):
    seen = told(lambda i: shown(portrait, 0, 130))["faces"]
    assert (seen["most_at_once"], seen["frames_with"], seen["cuts"]) == (2, FRAMES, 0)


def test_a_scene_without_a_face_between_two_cuts(told, portrait):
    def draw(index):
        dark = np.full((SIZE[1], SIZE[0], 3), 20, np.uint8)
        return dark if 6 <= index < 14 else shown(portrait, 60)

    report = told(draw)
    assert report["faces"] == {
        **{"frames_with": 12, "frames_without": 8, "without": [[6, 13]]},
        **{"cuts": 2, "most_at_once": 1, "frames_covered": 0},
    }
    assert report["frames_without_face"] == 8


def test_a_face_that_leaves_the_picture(told, portrait):
    seen = told(lambda i: shown(portrait, 120 + 6 * i))["faces"]
    ((first, last),) = seen["without"]
    assert 8 <= first <= 18 and last == FRAMES - 1
    assert seen["frames_with"] == first and seen["frames_without"] == FRAMES - first
    assert seen["cuts"] == 0


def test_a_given_box_is_a_face_in_every_frame(told, portrait):
    seen = told(lambda i: shown(portrait, 60), "--box", "30", "130", "70", "170")["faces"]
    assert (seen["frames_with"], seen["without"]) == (FRAMES, [])


def test_only_the_first_runs_without_a_face_are_told():
    there = [frame % 2 == 0 for frame in range(100)]
    seen = Faces.count(there, [True] + [False] * 99, [1] * 100)
    assert (seen.frames_with, seen.frames_without) == (50, 50)
    assert seen.without == tuple((i, i) for i in range(1, 2 * MOST_SPANS, 2))


def test_frames_of_nothing():
    assert Faces.count([], [], []) == Faces()
