"""Processes measured from outside."""

import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from benchmarks.material.inputs import InputClip
from benchmarks.runs.command import ClipRun, check_result, command_line
from benchmarks.runs.process import RunError, run_process
from benchmarks.runs.production import LOOKS, PRODUCTION
from tests.command import test_cli
from tests.media import make_video

PYTHON = (sys.executable, "-S", "-c")


@pytest.fixture
def clip_run(tmp_path):
    clip = InputClip("c", tmp_path / "f", tmp_path / "a", (64, 48), Fraction(25), 10, True)
    return ClipRun(clip, tmp_path / "w.pth", "cuda", tmp_path, tmp_path / "cache")


def test_the_lines_of_a_process_come_with_their_times():
    process = run_process([*PYTHON, "print('one'); print('two')"], "it")
    assert [line for _, line in process.lines] == ["one\n", "two\n"]
    times = [at for at, _ in process.lines]
    assert 0 < times[0] <= times[1] <= process.seconds and process.cpu_seconds > 0


def test_the_memory_is_that_of_the_process_alone():
    """A child process starts with the peak of its parent."""
    ours = np.ones(200 << 17)  # 200 MB
    small = run_process([*PYTHON, "pass"], "it").peak_mb
    large = run_process([*PYTHON, "x = b'1' * (100 << 20)"], "it").peak_mb
    assert ours.sum() and 2 < small < 60 and 90 < large - small < 140


def test_a_failed_run_is_reported_with_its_last_line():
    program = "import sys; sys.stderr.write('a\\nerror: no face\\n'); sys.exit(3)"
    with pytest.raises(RunError, match=r"^it ended with 3: error: no face$"):
        run_process([*PYTHON, program], "it")


def test_a_program_that_does_not_exist_is_reported():
    with pytest.raises(RunError, match="could not be started"):
        run_process(["/no/such/program"], "it")


def test_the_command_line_is_the_hosts(clip_run):
    arguments = command_line(clip_run, LOOKS["hd"])
    assert arguments[arguments.index("--fp16") :] == [*PRODUCTION, *LOOKS["hd"].split()]
    assert arguments[arguments.index("--device") + 1] == "cuda"
    puppet = command_line(replace(clip_run, checkpoint=None), LOOKS["hd"])
    assert "puppet" in puppet and "--checkpoint_path" not in puppet


def test_there_is_one_list_of_the_hosts_commands():
    assert list(PRODUCTION) == test_cli.PRODUCTION
    assert list(LOOKS.values()) == test_cli.LOOKS


def test_a_right_result_passes(clip_run):
    make_video(clip_run.outfile, frames=10, size=(64, 48), sound=True)
    check_result(clip_run, "it")


@pytest.mark.parametrize(
    "wrong", [{"frames": 9}, {"frames": 11}, {"size": (48, 64)}, {"sound": False}]
)
def test_a_wrong_result_is_an_error(clip_run, wrong):
    make_video(clip_run.outfile, **{"frames": 10, "size": (64, 48), "sound": True, **wrong})
    with pytest.raises(RunError, match="were due"):
        check_result(clip_run, "it")
