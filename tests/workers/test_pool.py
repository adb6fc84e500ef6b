"""Worker processes: one outcome for every task, whatever happens to its worker."""

import os
import select
import signal
import subprocess
import sys
import tempfile
from contextlib import closing
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from tests.jobs import ROOT, quick_options
from tests.media import make_sound
from workers import pool
from workers.crew import CrewRequest
from workers.crews import CREWS
from workers.pool import Pool, _ending, last_line_of, pool_for
from workers.task import CANCELED, DONE, FAILED, Outcome, Progress, Ready, Task

# what `start` leaves to the worker, in a process that says what it finds
STARTED = """
import os, sys, types
def serve(descriptor):
    print(descriptor, os.environ["OPENBLAS_NUM_THREADS"], "numpy" in sys.modules)
sys.modules["workers.worker"] = types.SimpleNamespace(serve=serve)
from workers.starting import start
start(5)
"""


@pytest.fixture
def task(inputs, tmp_path):
    def task(number, audio="one.wav"):
        out = tmp_path / f"{number}.mp4"
        options = quick_options(face=inputs / "ann.png", audio=inputs / audio, outfile=out)
        return Task(number, out.name, options)

    return task


def until_outcome(pool):
    """All events up to an outcome."""
    events = []
    while not any(isinstance(event, Outcome) for event in events):
        events += pool.events(None)
    return events


def wait_for_end(pid):
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
        wait_for_end(ready.pid)
        pool.submit(broken, 0)
        ready, *_, outcome = until_outcome(pool)
        assert (outcome.exit_code, outcome.worker) == (1, 1)
        assert outcome.error.startswith("a bug: ") and "TypeError" in outcome.notices[-1]
        wait_for_end(ready.pid)  # after a bug it is not used again
        pool.submit(task(2, "three.wav"), 0)
        pool.dismiss(0)
        (lost,) = until_outcome(pool)
        assert (lost.status, lost.exit_code, lost.number) == (FAILED, 137, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["0.mp4"]


@pytest.mark.parametrize(
    ("code", "last_line", "expected", "words"),
    [
        (-9, "", 137, "fewer --workers"),
        (-11, "stack smashed", 139, "signal 11: stack smashed"),
        (3, "ImportError: x", 128, "exit code 3: ImportError: x"),
    ],
)
def test_an_outcome_says_how_its_worker_ended(code, last_line, expected, words):
    exit_code, error = _ending(code, last_line)
    assert exit_code == expected and words in error


def test_the_last_line_of_the_output_is_clean():
    with tempfile.TemporaryFile("a+b", buffering=0) as file:
        assert last_line_of(file) == ""
        file.write(b"first\n" + b"x" * 5000 + b"\n last \x1b[31m\xff \n\n")
        assert last_line_of(file) == "last  [31m\N{REPLACEMENT CHARACTER}"


def test_every_crew_has_as_many_seats_as_are_requested():
    for load in (load for name, load in CREWS.items() if name != "ray"):  # see test_cluster
        with closing(load(CrewRequest(3, 5, gpu=False))) as crew:
            assert crew.seats == 3
        with closing(load(CrewRequest(3, 2, gpu=False))) as crew:
            assert crew.seats == 2


def test_the_cores_are_shared_equally(monkeypatch):
    """Those that the container lets this process have."""
    monkeypatch.setattr("workers.pool.usable_cores", lambda: 5)
    monkeypatch.setattr("workers.pool.machine.available_memory", lambda: 1 << 40)
    for workers, shares in ((None, (5, 1)), (2, (2, 2)), (9, (9, 1))):
        pool = pool_for(CrewRequest(workers, 20, gpu=False))
        assert (pool.seats, pool._threads) == shares


def test_the_root_is_the_folder_of_the_top_package(tmp_path, monkeypatch):
    """In the clone, and where an installation holds the rooms within one package."""
    assert pool.ROOT == ROOT
    path = tmp_path / "package" / "workers" / "pool.py"
    path.parent.mkdir(parents=True)
    path.write_text(Path(pool.__file__).read_text())
    spec = spec_from_file_location("package.workers.pool", path)
    installed = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, installed)  # dataclasses look there
    spec.loader.exec_module(installed)
    assert tmp_path == installed.ROOT


def test_the_environment_is_prepared_before_numpy_is_loaded():
    env = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    ran = subprocess.run(
        [sys.executable, "-c", STARTED], cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert ran.stdout == "5 1 False\n", ran.stderr


def test_a_worker_imports_nothing_from_the_working_folder(task, tmp_path, monkeypatch):
    """Nor needs it the clone on its path."""
    (tmp_path / "workers.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with closing(Pool(1, 1)) as pool:
        pool.submit(task(0), 0)
        *_, outcome = until_outcome(pool)
    assert outcome.status == DONE


def test_a_canceled_task_ends_early_and_its_worker_stays(task, inputs, tmp_path):
    make_sound(inputs / "long.wav", seconds=60)
    with closing(Pool(1, 1)) as pool:
        pool.cancel(0)  # without a worker, or without a task: nothing happens
        pool.submit(task(0, "long.wav"), 0)
        while not any(isinstance(event, Progress) for event in pool.events(None)):
            pass
        pool.cancel(0)
        *_, outcome = until_outcome(pool)
        assert (outcome.status, outcome.exit_code, outcome.worker) == (FAILED, CANCELED, 0)
        pool.cancel(0)
        pool.submit(task(1), 0)
        *_, outcome = until_outcome(pool)
        assert (outcome.status, outcome.worker) == (DONE, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["1.mp4"]
