"""The dispatcher with real workers: results that are whole, retries, limits, cancelling."""

import os
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from batch.foreman import Rules
from service.attempts import Workshop
from service.dispatcher import Dispatcher, remove_orphans
from service.job import FAILED, QUEUED, STOPPED, SUCCEEDED, Draft, Request
from service.sqlite_queue import SqliteQueue
from tests.jobs import BOX
from tests.media import make_sound
from tests.readback import frames_of
from workers.pool import Pool

OPTIONS = {"engine": "puppet", "box": [int(word) for word in BOX[1:]]}
DEADLINE = 60  # seconds until it has hung


class Service:
    """A queue, its dispatcher, and the jobs that have changed."""

    def __init__(self, folder: Path, retry: int = 1) -> None:
        self.folder = folder
        self.bell = threading.Condition()
        self.queue = SqliteQueue(folder / "queue.db", 99, self.changed)
        self.workshop = Workshop(folder)
        self.pool = Pool(1, 1)
        self.dispatcher = Dispatcher(
            self.pool, self.queue, self.workshop, Rules(retry=retry), "server"
        )

    def changed(self, job_id):
        self.dispatcher.notify(job_id)
        with self.bell:
            self.bell.notify_all()

    def wait(self, job_id, reached):
        """The job, once that holds of it."""
        until = time.monotonic() + DEADLINE
        with self.bell:
            while not reached(job := self.queue.get(job_id)):
                assert time.monotonic() < until, job
                self.bell.wait(1)
        return job

    def end(self, job_id):
        return self.wait(job_id, lambda job: job.has_ended)

    def submit(self, **files):
        values = {name: files.pop(name) for name in ("seconds", "quality") if name in files}
        files = {name: str(path) for name, path in files.items()}
        return self.queue.submit(Draft("ann", Request("render", OPTIONS, files, **values)))[0].id


@contextmanager
def serving(folder):
    service = Service(folder)
    yield service
    service.dispatcher.stop(1)
    service.queue.close()


@pytest.fixture
def service(tmp_path):
    with serving(tmp_path) as service:
        yield service


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """One for all tests that leave it as it was."""
    with serving(tmp_path_factory.mktemp("service")) as service:
        service.dispatcher.start()
        yield service


@pytest.fixture
def long(inputs):
    return make_sound(inputs / "minutes.wav", seconds=40)


def running(job):
    return job.progress.stage == "frames"


def test_a_job_is_made_and_its_result_is_whole(started, inputs):
    job_id = started.submit(face=inputs / "ann.png", audio=inputs / "one.wav", quality=True)
    job = started.end(job_id)
    assert (job.status, job.facts["frames"], job.attempt) == (SUCCEEDED, 5, 1)
    assert len(frames_of(started.workshop.result(job))) == 5
    names = {path.name for path in started.workshop.folder(job).iterdir()}
    assert names == {"result.mp4", "report.json", "page.html"}


def test_an_error_is_told_without_a_path(started, inputs, tmp_path):
    text = tmp_path / "words.png"
    text.write_text("no picture")
    job = started.end(started.submit(face=text, audio=inputs / "one.wav"))
    assert (job.status, job.exit_code) == (FAILED, 3)
    assert job.error and str(tmp_path) not in job.error and "/" not in job.error
    gone = started.end(started.submit(face=tmp_path / "gone.png", audio=inputs / "one.wav"))
    assert gone.exit_code == 3 and "upload" in gone.error
    folders = {folder.name for folder in started.workshop.jobs.iterdir()}
    assert not folders & {job.id, gone.id}


def test_a_canceled_job_stops_and_its_worker_stays_warm(started, inputs, long):
    job_id = started.submit(face=inputs / "ann.png", audio=long)
    started.wait(job_id, running)
    worker = started.pool._workers[0].process.pid
    started.queue.cancel(job_id, "ann")
    assert started.end(job_id).status == STOPPED
    after = started.submit(face=inputs / "ann.png", audio=inputs / "one.wav")
    assert started.end(after).status == SUCCEEDED
    assert started.pool._workers[0].process.pid == worker
    assert not (started.workshop.jobs / job_id).exists()


def test_a_job_that_takes_too_long_fails(started, inputs, long):
    job = started.end(started.submit(face=inputs / "ann.png", audio=long, seconds=0.2))
    assert (job.status, job.exit_code, job.error) == (FAILED, 124, "took longer than 0.2 s")


@pytest.mark.slow
def test_a_lost_worker_costs_an_attempt(service, inputs, long):
    service.dispatcher.start()
    job_id = service.submit(face=inputs / "ann.png", audio=long)
    for attempt in (1, 2):
        service.wait(job_id, lambda job, n=attempt: running(job) and job.attempt == n)
        os.kill(service.pool._workers[0].process.pid, signal.SIGKILL)
    job = service.end(job_id)
    assert (job.status, job.exit_code, job.attempt, job.failures) == (FAILED, 137, 2, 1)
    assert "signal 9" in job.error


@pytest.mark.slow
def test_what_runs_when_it_is_stopped_waits_for_the_next_start(service, inputs, long):
    service.dispatcher.start()
    job_id = service.submit(face=inputs / "ann.png", audio=long)
    service.wait(job_id, running)
    assert service.dispatcher.alive
    service.dispatcher.stop(0)
    job = service.queue.get(job_id)
    assert (job.status, job.failures) == (QUEUED, 0) and not service.dispatcher.alive


@pytest.mark.slow
def test_stopping_lets_a_short_job_end(service, inputs):
    service.dispatcher.start()
    job_id = service.submit(face=inputs / "ann.png", audio=inputs / "one.wav")
    service.wait(job_id, lambda job: job.attempt == 1)
    service.dispatcher.stop(DEADLINE)
    assert service.queue.get(job_id).status == SUCCEEDED


def test_folders_of_unknown_jobs_are_removed(service, inputs):
    job_id = service.submit(face=inputs / "ann.png", audio=inputs / "one.wav")
    for name in (job_id, "0123"):
        (service.workshop.jobs / name).mkdir(parents=True)
    remove_orphans(service.workshop, service.queue)
    assert [folder.name for folder in service.workshop.jobs.iterdir()] == [job_id]


@pytest.mark.skipif(sys.platform != "linux", reason="passes a socket on")
def test_commands_and_jobs_that_wait_take_turns(service, inputs, monkeypatch):
    monkeypatch.setattr("service.commands.WAIT_SECONDS", DEADLINE)
    jobs = [service.submit(face=inputs / "ann.png", audio=inputs / "one.wav") for _ in range(3)]
    pairs = [socket.socketpair() for _ in range(3)]
    for ours, theirs in pairs:
        ours.settimeout(DEADLINE)
        service.dispatcher.commands.add(theirs)
    order = []

    def note(ours):
        order.append(("command", ours.recv(1)))
        order.append(("jobs", sum(service.queue.get(job).attempt for job in jobs)))
        ours.close()  # the client has changed its mind

    service.dispatcher.start()
    for ours, _ in pairs:
        note(ours)
    assert {service.end(job).status for job in jobs} == {SUCCEEDED}
    assert order == [
        *(("command", b"r"), ("jobs", 0), ("command", b"r"), ("jobs", 1)),
        *(("command", b"r"), ("jobs", 2)),
    ]
    assert service.dispatcher.totals.commands == 3 and service.dispatcher.busy == 0
