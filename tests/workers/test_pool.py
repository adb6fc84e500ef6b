"""Worker processes: one outcome for every task, whatever happens to who has it."""

import os
import select
import signal
import tempfile
from contextlib import closing

import pytest

from command.flags import parsed
from tests.batch.conftest import QUICK
from workers.crew import Wanted
from workers.crews import CREWS
from workers.pool import Pool, _end, last_words
from workers.task import DONE, FAILED, Outcome, Ready, Task


@pytest.fixture
def task(inputs, tmp_path):
    def made(number, audio="one.wav"):
        out = tmp_path / f"{number}.mp4"
        files = ("--face", inputs / "ann.png", "--audio", inputs / audio, "--outfile", out)
        return Task(number, out.name, parsed([*QUICK, *map(str, files)])[0])

    return made


def until_outcome(pool):
    """All the news up to an outcome."""
    heard = []
    while not any(isinstance(one, Outcome) for one in heard):
        heard += pool.news(None)
    return heard


def gone(pid):
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    assert select.select([handle], [], [], 60)[0]
    os.close(handle)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for processes")
def test_a_worker_that_is_lost_is_replaced_and_costs_at_most_its_task(task, tmp_path):
    broken = task(1)
    object.__setattr__(broken.options, "crf", "high")  # of a wrong type: a bug of ours
    with closing(Pool(1, 1)) as pool:
        pool.submit(task(0), 0)
        ready, *_, outcome = until_outcome(pool)
        assert isinstance(ready, Ready)
        assert (outcome.status, outcome.frames, outcome.worker) == (DONE, 5, 0)
        os.kill(ready.pid, signal.SIGSEGV)  # it has no task: none is lost
        gone(ready.pid)
        pool.submit(broken, 0)
        ready, *_, outcome = until_outcome(pool)
        assert (outcome.exit_code, outcome.worker) == (1, 1)
        assert outcome.error.startswith("a bug: ") and "TypeError" in outcome.notices[-1]
        gone(ready.pid)  # who knows in what state it is
        pool.submit(task(2, "three.wav"), 0)
        pool.dismiss(0)
        (lost,) = until_outcome(pool)
        assert (lost.status, lost.exit_code, lost.number) == (FAILED, 137, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["0.mp4"]


@pytest.mark.parametrize(
    ("code", "words", "expected", "said"),
    [
        (-9, "", 137, "fewer --workers"),
        (-11, "stack smashed", 139, "signal 11: stack smashed"),
        (3, "ImportError: x", 128, "exit code 3: ImportError: x"),
    ],
)
def test_how_a_worker_ended_is_told(code, words, expected, said):
    exit_code, error = _end(code, words)
    assert exit_code == expected and said in error


def test_the_last_words_are_one_clean_line():
    with tempfile.TemporaryFile("a+b", buffering=0) as file:
        assert last_words(file) == ""
        file.write(b"first\n" + b"x" * 5000 + b"\n last \x1b[31m\xff \n\n")
        assert last_words(file) == "last  [31m\N{REPLACEMENT CHARACTER}"


def test_every_crew_has_as_many_seats_as_asked():
    for load in (load for name, load in CREWS.items() if name != "ray"):  # that is test_cluster's
        with closing(load(Wanted(3, 5, gpu=False))) as crew:
            assert crew.seats == 3
        with closing(load(Wanted(3, 2, gpu=False))) as crew:
            assert crew.seats == 2
