"""Whole runs of the command with a network of Diff2Lip's layout; slow."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from tests.media import make_sound  # noqa: E402
from tests.readback import frames_of  # noqa: E402

ROOT = Path(__file__).parents[2]
MEMORY_MB = 1800

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def words(tmp_path_factory, layout):
    """A command line without its output; the weights are one number for each tensor."""
    folder = tmp_path_factory.mktemp("diff2lip")
    path = folder / "weights.pt"
    torch.save({name: torch.full((1,), 0.02).expand(shape) for name, shape in layout}, path)
    sound = make_sound(folder / "sound.wav", seconds=0.12)
    words = [sys.executable, "inference_fast.py", "--face", ROOT / "demo" / "portrait.png"]
    words += ["--audio", sound, "--engine", "diff2lip", "--cache_dir", folder / "cache"]
    return [*map(str, words), "--checkpoint_path", str(path)]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_same_bytes_twice_in_bounded_memory(words, tmp_path, precision):
    files = []
    for number in (1, 2):
        outfile, report = tmp_path / f"{number}.mp4", tmp_path / "report.json"
        more = ["--diffusion_steps", "2", "--outfile", outfile, "--report", report]
        more += ["--fp16"] if precision == "bf16" else []
        subprocess.run([*words, *map(str, more)], cwd=ROOT, check=True, capture_output=True)
        files.append(outfile.read_bytes())
        facts = json.loads(report.read_text())
        assert facts["precision"] in (precision, "fp32") and facts["diffusion_steps"] == 2
        assert (facts["frames"], facts["frames_generated"], facts["size"]) == (3, 3, [512, 512])
        assert facts["peak_memory_mb"] < MEMORY_MB
    assert files[0] == files[1] and len(frames_of(tmp_path / "1.mp4")) == 3


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_between_two_frames_leaves_nothing(words, tmp_path, number, code):
    """The first frame takes 1000 steps: only a run that was stopped ends."""
    more = ["--diffusion_steps", "1000", "--outfile", tmp_path / "out" / "a.mp4"]
    line = [*words, *map(str, more), "--progress", "json"]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        for told in run.stdout:
            if json.loads(told).get("stage") == "frames":
                break
        run.send_signal(number)
        _, errors = run.communicate(timeout=60)
    assert (run.returncode, len(errors.splitlines())) == (code, 1), errors
    assert list((tmp_path / "out").iterdir()) == []
