"""The run on a GPU goes to its end where there is none."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.gpu.command import FAILED, PASSED, SKIPPED, Outcome, figures, run_steps
from benchmarks.gpu.steps import GPU, Step, all_steps
from wav2lip.generators import cuda_usable

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(cuda_usable(), reason="there is a GPU")
def test_without_a_gpu_the_script_skips_its_steps_by_name(tmp_path):
    out = tmp_path / "gpu.json"
    ended = subprocess.run(
        ["benchmarks/gpu.sh", str(out), "--quick"],
        cwd=ROOT,
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    kept = json.loads(out.read_text())
    first, *others = kept["steps"]
    assert first["status"] == PASSED and first["results"]["rows"]
    assert {step["status"] for step in others} == {SKIPPED} and len(others) == 4
    assert all(GPU in step["reason"] and step["name"] in ended.stdout for step in others)
    assert kept["gpu"] is None and {"machine", "commit"} <= set(kept)


def step(program, name="it", needs=()):
    return Step(name, ("-c", program), needs)


def test_a_step_that_fails_is_told_and_the_others_go_on():
    steps = [step("print(1); raise SystemExit('broken')"), step("pass", "other")]
    first, second = run_steps(steps, set(), 60)
    assert (first.status, first.reason) == (FAILED, "broken") and second.status == PASSED
    assert "broken" in figures([first, second])


def test_no_step_runs_longer_than_there_is_time(monkeypatch):
    monkeypatch.setattr("benchmarks.gpu.command.LEAST", 0.01)
    slow, late = run_steps([step("import time; time.sleep(600)"), step("pass", "late")], set(), 1)
    assert (slow.status, late.status) == (FAILED, SKIPPED) and late.reason == "no time left"


def test_tests_on_a_gpu_may_not_skip_themselves(tmp_path):
    needing = [one for one in all_steps(tmp_path) if GPU in one.needs]
    assert len(needing) == 4
    assert all(one.environment()["REQUIRE_GPU"] == "1" for one in needing)
    assert all(Path(ROOT, word).exists() for word in needing[0].words if word.endswith(".py"))


def test_an_outcome_is_one_of_three():
    with pytest.raises(ValueError, match="skipped"):
        Outcome("it", "done")
