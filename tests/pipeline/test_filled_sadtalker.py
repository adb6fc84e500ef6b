"""A photo that speaks by networks of SadTalker's full size, whose weights a rule fills."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from command.cli import main
from tests.media import make_sound
from tests.readback import frames_of
from tests.sadtalker_networks import write_folder

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
PORTRAIT = ROOT / "demo" / "portrait.png"
BOX = ["--box", "60", "210", "90", "220"]  # what such networks draw is no face
MOST_MEMORY = 4000  # MB: the file's numbers twice, and what a picture takes


def in_a_new_process(words):
    return subprocess.run([sys.executable, ROOT / "inference_fast.py", *words]).returncode


def test_a_run_gives_the_right_frames_and_the_same_bytes_twice(tmp_path, monkeypatch):
    networks = tmp_path / "networks"
    networks.mkdir()
    write_folder(networks)
    monkeypatch.setenv("SADTALKER_CKPT_DIR", str(networks))
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), cv2.resize(cv2.imread(str(PORTRAIT)), (320, 270)))
    sound = make_sound(tmp_path / "sound.wav", seconds=0.08)
    out = ["--outfile", str(tmp_path / "out.mkv"), "--encoder", "ffv1", "--no_cache"]
    report = ["--report", str(tmp_path / "report.json"), "--engine", "none"]
    words = ["--face", str(photo), "--audio", str(sound), "--animate", "sadtalker"]
    made = []
    for run in (main, in_a_new_process):  # whose peak of memory is its own
        assert run([*words, *out, *report, *BOX]) == 0
        made.append(np.stack(frames_of(tmp_path / "out.mkv")))
    assert made[0].shape == (2, 270, 320, 3) and np.array_equal(*made)
    assert np.ptp(made[0][0, 80:200, 100:200]) > 100  # networks drew it
    original = cv2.imread(str(photo)).astype(int)
    assert np.abs(made[0][:, -9:, :9] - original[-9:, :9]).max() < 9
    assert json.loads((tmp_path / "report.json").read_text())["peak_memory_mb"] < MOST_MEMORY
