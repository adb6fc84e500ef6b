"""On a CPU everything runs where torch is not installed; what needs it says what to install."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkpoints import flat_weights, save_classic
from tests.media import make_sound
from tests.slow import slow
from tests.stages.picture_networks import SHARP, onnx_file
from wav2lip import generators
from wav2lip.generators import choose_engine, cuda_usable

ROOT = Path(__file__).parents[2]
PORTRAIT = ROOT / "demo" / "portrait.png"
WITHOUT_TORCH = "import sys\nsys.modules['torch'] = None\nsys.modules['safetensors'] = None\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A sound, a checkpoint as of 2020, and what every Python reads first."""
    folder = tmp_path_factory.mktemp("made")
    make_sound(folder / "sound.wav", seconds=0.4)
    save_classic(flat_weights(), folder / "wav2lip.pth")
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(WITHOUT_TORCH)
    return folder


@pytest.fixture
def run(made, tmp_path):
    """Run a program of the clone in a Python that has no torch."""
    env = {**os.environ, "PYTHONPATH": str(made / "site"), "XDG_CACHE_HOME": str(tmp_path)}

    def run(program, *words):
        start = [sys.executable, *program, "--face", PORTRAIT, "--audio", made / "sound.wav"]
        wanted = ["--fps", "10", "--box", "80", "280", "150", "330", *words]
        return subprocess.run(
            [*map(str, start), *map(str, wanted)],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
        )

    return run


def test_torch_is_out_of_reach(made):
    env = {**os.environ, "PYTHONPATH": str(made / "site")}
    ran = subprocess.run([sys.executable, "-c", "import torch"], env=env, capture_output=True)
    assert b"ModuleNotFoundError" in ran.stderr


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        slow("puppet", ("--engine", "puppet")),
        ("openvino", ("--checkpoint_path", "wav2lip.pth", "--fp16", "--vad", "silero")),
    ],
)
def test_one_video_is_made(run, made, tmp_path, engine, words):
    given = [made / word if word.endswith(".pth") else word for word in words]
    report = tmp_path / "report.json"
    ran = run(["inference_fast.py"], "--outfile", tmp_path / "out.mp4", "--report", report, *given)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(report.read_text())
    assert (told["engine"], told["frames"]) == (engine, 4)


@pytest.mark.slow
def test_a_batch_is_made(run, made, tmp_path):
    words = "--checkpoint_path", made / "wav2lip.pth", "--out_dir", tmp_path / "out"
    ran = run(["inference_batch.py"], *words, "--quality")
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "out" / "portrait_sound.mp4").stat().st_size


@pytest.mark.parametrize(
    "words",
    [
        ("--engine", "torch"),
        *(slow(words) for words in (("--device", "cuda"), ("--face_detector", "sfd"))),
    ],
)
def test_what_needs_torch_says_what_to_install(run, made, tmp_path, words):
    checkpoint = "--checkpoint_path", made / "wav2lip.pth"
    ran = run(["inference_fast.py"], *checkpoint, "--outfile", tmp_path / "out.mp4", *words)
    (line,) = ran.stderr.splitlines()
    assert ran.returncode == 5 and words[0] in line and "-r requirements-torch.txt" in line


@pytest.mark.slow
def test_a_restoring_network_runs_as_onnx_and_says_what_it_needs_as_pth(run, made, tmp_path):
    sharp = onnx_file(tmp_path / "sharp.onnx", SHARP)
    words = "--engine", "puppet", "--outfile", tmp_path / "out.mp4", "--enhance"
    assert run(["inference_fast.py"], *words, sharp).returncode == 0
    ran = run(["inference_fast.py"], *words, made / "wav2lip.pth")
    (line,) = ran.stderr.splitlines()
    assert ran.returncode == 5 and "needs torch" in line and "-r requirements-enhance.txt" in line


def test_the_engine_is_chosen_without_torch(made, monkeypatch):
    """A driver alone computes nothing."""
    monkeypatch.setattr(generators, "has_cuda_driver", lambda: True)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert not cuda_usable()
    assert choose_engine("auto", "auto", made / "wav2lip.pth") == "openvino"
