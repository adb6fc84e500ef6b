"""What a living photo costs and how it moves."""

import json
from dataclasses import replace

import cv2
import pytest

from benchmarks.__main__ import main
from benchmarks.living.command import figures
from benchmarks.living.measure import Measurement
from tests.jobs import PORTRAIT

WELL = Measurement("a", "9x9", 100.0, 5.0, 1.0, 16.0, (180.0, 250.0), 0.1, 0.5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"jump": 1.5},
        {"blinks_a_minute": 25.0},
        {"blinks_a_minute": 8.0},
        {"blink_ms": (60.0, 250.0)},
        {"blink_ms": (180.0, 400.0)},
    ],
)
def test_a_photo_that_lives_ill_is_said(wrong):
    assert WELL.passed and not replace(WELL, **wrong).passed
    assert replace(WELL, blinks_a_minute=0.0, blink_ms=(0.0, 0.0)).passed
    lines = figures([WELL, replace(WELL, **wrong)]).splitlines()
    assert "well" in lines[2] and "ill" in lines[3]


def test_photos_are_measured_and_shown(tmp_path, capsys):
    photo, out, sheet = (tmp_path / name for name in ("ann.png", "o.json", "s.png"))
    picture = cv2.resize(cv2.imread(str(PORTRAIT)), (256, 256), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(photo), picture)
    words = [str(photo), "--quick", "--out", str(out), "--sheet", str(sheet)]
    assert main(["living", *words]) == 0
    (row,) = json.loads(out.read_text())["rows"]
    assert row["photo"] == "ann" and row["frame_ms"] > 0 and 0 < row["untouched"] < 1
    assert row["jump"] < 0.2 and 12 <= row["blinks_a_minute"] <= 20
    assert cv2.imread(str(sheet)).shape == (512, 5 * 512, 3)
    assert "ann" in capsys.readouterr().out


def test_a_picture_of_nobody_is_an_error(tmp_path, capsys):
    path = tmp_path / "nobody.png"
    cv2.imwrite(str(path), cv2.imread(str(PORTRAIT))[:60, :60])
    assert main(["living", str(path)]) == 4
    assert "no face" in capsys.readouterr().err
