"""Retry, timeout, halting, with a crew whose tasks end as a script says."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from base.signals import Terminated
from batch.foreman import Foreman, Rules
from batch.job import Job
from batch.journal import History
from batch.watch import Watcher
from options.options import Options
from workers.task import DONE, TIMEOUT, Outcome, Ready, failed_outcome

OPTIONS = Options(face=Path("f"), audio=Path("a"))


class Scripted:
    """A crew; each job's tries end with these exit codes in turn; one of None does not end."""

    def __init__(self, script, seats=1):
        self.seats = seats
        self.script = {number: list(codes) for number, codes in enumerate(script)}
        self.tasks, self.running, self.dismissed = [], {}, []

    def submit(self, task, seat):
        assert seat not in self.running, "the seat is busy"
        self.tasks.append((task.number, task.tries))
        self.running[seat] = task, self.script[task.number].pop(0)

    def events(self, seconds):
        ends = [(seat, *entry) for seat, entry in self.running.items() if entry[1] is not None]
        assert ends or seconds is not None, "waits for ever"
        for seat, _, _ in ends:
            del self.running[seat]
        return [replace(outcome(task, code), seat=seat) for seat, task, code in ends]

    def dismiss(self, seat):
        self.dismissed.append(seat)
        self.running[seat] = self.running[seat][0], 137

    def close(self):
        pass


def outcome(task, code):
    return failed_outcome(task, code, "no") if code else Outcome(task.number, task.name, DONE)


class MemoryJournal:
    """A journal that is a list."""

    def __init__(self):
        self.history, self.lines = History({}), []

    def started(self, job, tries, seat):
        self.lines.append((job.name, "start", tries))

    def ended(self, job, outcome):
        self.lines.append((job.name, "end", outcome.exit_code))


def work(script, seats=1, **rules):
    crew, journal = Scripted(script, seats), MemoryJournal()
    jobs = [Job(f"job{n}", "row", OPTIONS, "key") for n in range(len(script))]
    foreman = Foreman(crew, journal, Rules(**rules), Watcher(io.StringIO()))
    ended = list(foreman.outcomes(jobs, range(len(jobs))))
    return crew, journal, {outcome.number: outcome.exit_code for outcome in ended}


def test_every_job_ends_once():
    crew, journal, ended = work([[0], [3], [0]], seats=2)
    assert ended == {0: 0, 1: 3, 2: 0}
    assert sorted(crew.tasks) == [(0, 1), (1, 1), (2, 1)]
    assert sorted(journal.lines)[:2] == [("job0", "end", 0), ("job0", "start", 1)]


@pytest.mark.parametrize("code", [1, 7, 137, 139, 128])
def test_a_failure_that_may_pass_is_tried_again_as_often_as_allowed(code):
    crew, journal, ended = work([[code, code, 0]], retry=2)
    assert ended == {0: 0} and crew.tasks == [(0, 1), (0, 2), (0, 3)]
    assert [line[1:] for line in journal.lines if line[1] == "start"] == [
        ("start", 1),
        ("start", 2),
        ("start", 3),
    ]
    crew, _, ended = work([[code, code]], retry=1)
    assert ended == {0: code} and len(crew.tasks) == 2


@pytest.mark.parametrize("code", [2, 3, 4, 5, 6])
def test_a_failure_that_will_not_pass_is_not(code):
    crew, _, ended = work([[code]], retry=5)
    assert ended == {0: code} and crew.tasks == [(0, 1)]


def test_without_retry_there_is_one_try():
    assert work([[1]])[0].tasks == [(0, 1)]


def test_halting_begins_nothing_more_and_ends_what_runs():
    crew, _, ended = work([[3], [0], [0], [0]], seats=2, halt_on_error=True)
    assert ended == {0: 3, 1: 0} and len(crew.tasks) == 2


def test_halting_tries_nothing_again_either():
    crew, _, ended = work([[3], [1, 0]], seats=2, halt_on_error=True, retry=3)
    assert ended == {0: 3, 1: 1} and len(crew.tasks) == 2


def test_a_failure_that_is_tried_again_does_not_halt():
    _, _, ended = work([[1, 0], [0]], halt_on_error=True, retry=1)
    assert ended == {0: 0, 1: 0}


def test_a_job_that_takes_too_long_is_ended_and_says_so():
    crew, journal, ended = work([[None], [0]], timeout=0.001)
    assert ended == {0: TIMEOUT, 1: 0} and crew.dismissed == [0]
    assert ("job0", "end", TIMEOUT) in journal.lines


def test_a_timeout_may_be_tried_again():
    crew, _, ended = work([[None, 0]], timeout=0.001, retry=1)
    assert ended == {0: 0} and crew.tasks == [(0, 1), (0, 2)]


def test_tries_go_on_where_an_earlier_run_stopped():
    class Earlier(History):
        def tries(self, job):
            return 4

    journal, crew = MemoryJournal(), Scripted([[1, 1]])
    journal.history = Earlier({})
    foreman = Foreman(crew, journal, Rules(retry=1), Watcher(io.StringIO()))
    list(foreman.outcomes([Job("a", "row", OPTIONS, "key")], [0]))
    assert crew.tasks == [(0, 5), (0, 6)]


def test_workers_are_counted_with_their_jobs():
    class WithReady(Scripted):
        def events(self, seconds):
            ready = [Ready(0, 0, 99, 1.5)] if len(self.tasks) == 1 else []
            return [*ready, *(replace(event, worker=0) for event in super().events(seconds))]

    foreman = Foreman(WithReady([[0], [0]]), MemoryJournal(), Rules(), Watcher(io.StringIO()))
    jobs = [Job(name, "row", OPTIONS, "key") for name in "ab"]
    list(foreman.outcomes(jobs, [0, 1]))
    (worker,) = foreman.workers.values()
    assert (worker.jobs, worker.start_seconds, worker.pid) == (2, 1.5, 99)


def test_a_stop_that_could_not_be_raised_at_once_ends_the_work_at_the_next_event():
    """A signal amid an import or a destructor, say."""

    def check_stop():
        if crew.tasks == [(0, 1)]:
            raise Terminated

    crew = Scripted([[0], [0], [0]])
    foreman = Foreman(crew, MemoryJournal(), Rules(), Watcher(io.StringIO()), check_stop)
    jobs = [Job(name, "row", OPTIONS, "key") for name in "abc"]
    with pytest.raises(Terminated):
        list(foreman.outcomes(jobs, [0, 1, 2]))
    assert crew.tasks == [(0, 1)]
