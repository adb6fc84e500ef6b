"""Processes looked at from outside."""

import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from benchmarks.material.asked import Clip
from benchmarks.runs.cold import RunError, ran
from benchmarks.runs.command import Task, check_result, command_words
from benchmarks.runs.production import LOOKS, PRODUCTION
from tests.command import test_cli
from tests.media import make_video

PYTHON = (sys.executable, "-S", "-c")


@pytest.fixture
def task(tmp_path):
    clip = Clip("c", tmp_path / "f", tmp_path / "a", (64, 48), Fraction(25), 10, True)
    return Task(clip, tmp_path / "w.pth", "cuda", tmp_path, tmp_path / "cache")


def test_a_process_is_told_with_its_lines_in_order_of_time():
    done = ran([*PYTHON, "print('one'); print('two')"], "it")
    assert [line for _, line in done.lines] == ["one\n", "two\n"]
    times = [at for at, _ in done.lines]
    assert 0 < times[0] <= times[1] <= done.seconds and done.cpu_seconds > 0


def test_the_memory_is_that_of_the_process_alone():
    """A child starts with the peak of whoever starts it."""
    ours = np.ones(200 << 17)  # 200 MB
    small = ran([*PYTHON, "pass"], "it").peak_mb
    large = ran([*PYTHON, "x = b'1' * (100 << 20)"], "it").peak_mb
    assert ours.sum() and 2 < small < 60 and 90 < large - small < 140


def test_a_failed_run_is_told_with_its_last_words():
    with pytest.raises(RunError, match=r"^it ended with 3: error: no face$"):
        ran([*PYTHON, "import sys; sys.stderr.write('a\\nerror: no face\\n'); sys.exit(3)"], "it")


def test_a_program_that_is_not_there_is_told():
    with pytest.raises(RunError, match="could not be started"):
        ran(["/no/such/program"], "it")


def test_the_words_are_the_hosts(task):
    words = command_words(task, LOOKS["hd"])
    assert words[words.index("--fp16") :] == [*PRODUCTION, *LOOKS["hd"].split()]
    assert words[words.index("--device") + 1] == "cuda"
    puppet = command_words(replace(task, checkpoint=None), LOOKS["hd"])
    assert "puppet" in puppet and "--checkpoint_path" not in puppet


def test_there_is_one_list_of_the_hosts_commands():
    assert list(PRODUCTION) == test_cli.PRODUCTION
    assert list(LOOKS.values()) == test_cli.LOOKS


def test_a_right_result_passes(task):
    make_video(task.outfile, frames=10, size=(64, 48), sound=True)
    check_result(task, "it")


@pytest.mark.parametrize(
    "wrong", [{"frames": 9}, {"frames": 11}, {"size": (48, 64)}, {"sound": False}]
)
def test_a_wrong_result_is_told(task, wrong):
    make_video(task.outfile, **{"frames": 10, "size": (64, 48), "sound": True, **wrong})
    with pytest.raises(RunError, match="were due"):
        check_result(task, "it")
