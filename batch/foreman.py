"""Gives a crew its tasks: who does what, what is tried again, when the batch ends."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from base.errors import UsageError
from batch.job import Job, WorkerRecord
from batch.journal import Journal
from batch.roster import Roster
from batch.watch import Watcher
from workers.crew import Crew
from workers.task import (
    BUG,
    FAILED,
    KILLED,
    MEMORY,
    TIMEOUT,
    Outcome,
    Progress,
    Ready,
    Task,
    failed_outcome,
)

MOST_RETRIES = 100


@dataclass(frozen=True)
class Rules:
    """What happens when a job fails."""

    retry: int = 0
    timeout: float | None = None  # seconds
    halt_on_error: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.retry <= MOST_RETRIES:
            raise UsageError(f"--retry must be 0 to {MOST_RETRIES}, got {self.retry}")
        if self.timeout is not None and not 0 < self.timeout < 1e7:
            raise UsageError(f"--timeout must be more than 0 seconds, got {self.timeout}")

    def should_retry(self, outcome: Outcome, first_try: int) -> bool:
        """Whether a failure may pass by itself, and was not retried enough since `first_try`."""
        passing = outcome.exit_code in (BUG, MEMORY, TIMEOUT) or outcome.exit_code >= KILLED
        return outcome.status == FAILED and passing and outcome.tries - first_try < self.retry


@dataclass(frozen=True)
class RunningTask:
    """A task that a worker has."""

    avatar: str
    task: Task
    started: float  # time.monotonic()
    late: bool = False  # it took too long, and its worker was dismissed


class Foreman:
    """Does jobs with a crew, the same for every kind of crew."""

    def __init__(
        self,
        crew: Crew,
        journal: Journal,
        rules: Rules,
        watcher: Watcher,
        check_stop: Callable[[], None] = lambda: None,
    ) -> None:
        self.workers: dict[int, WorkerRecord] = {}
        self.tries: dict[int, int] = {}  # of the jobs begun, by number
        self._crew, self._journal, self._rules, self._watcher = crew, journal, rules, watcher
        self._check_stop = check_stop  # raises where a signal could not be raised at once
        self._running: dict[int, RunningTask] = {}  # by seat
        self._halted = False

    def outcomes(self, jobs: Sequence[Job], numbers: Sequence[int]) -> Iterator[Outcome]:
        """The last outcome of each job of these numbers that was begun, as they end."""
        tries = {number: self._journal.history.tries(jobs[number]) + 1 for number in numbers}
        tasks = (
            (jobs[n].avatar, Task(n, jobs[n].name, jobs[n].options, tries[n])) for n in numbers
        )
        roster = Roster(tasks)
        self._assign(roster, jobs)
        while self._running:
            self._check_stop()
            for event in self._crew.events(self._seconds_left()):
                if isinstance(event, Outcome):
                    outcome = self._end(event, roster, jobs, tries[event.number])
                    if outcome is not None:
                        yield outcome
                else:
                    self._note(event)
            self._dismiss_late()
            self._assign(roster, jobs)

    def _assign(self, roster: Roster, jobs: Sequence[Job]) -> None:
        """Give every idle seat a task."""
        for seat in range(self._crew.seats):
            waiting = None if seat in self._running else roster.take(seat)
            if waiting is not None:
                avatar, task = waiting
                self.tries[task.number] = task.tries
                self._journal.started(jobs[task.number], task.tries, seat)
                self._watcher.started(task, seat)
                self._running[seat] = RunningTask(avatar, task, time.monotonic())
                self._crew.submit(task, seat)

    def _note(self, event: Ready | Progress) -> None:
        if isinstance(event, Progress):
            self._watcher.progress(event)
            return
        worker = WorkerRecord(event.worker, event.seat, event.pid, event.seconds)
        self.workers[event.worker] = worker
        self._watcher.ready(event)
        if event.seat in self._running:  # the worker's start is not the job's time
            running = self._running[event.seat]
            self._running[event.seat] = replace(running, started=time.monotonic())

    def _end(
        self, outcome: Outcome, roster: Roster, jobs: Sequence[Job], first_try: int
    ) -> Outcome | None:
        """The outcome, unless the job is tried again."""
        running = self._running.pop(outcome.seat)
        outcome = self._timed(outcome, running)
        if outcome.worker in self.workers:
            self.workers[outcome.worker] = self.workers[outcome.worker].with_job()
        self._journal.ended(jobs[outcome.number], outcome)
        retry = not self._halted and self._rules.should_retry(outcome, first_try)
        self._watcher.ended(outcome, retry)
        if retry:
            roster.put_back(running.avatar, replace(running.task, tries=running.task.tries + 1))
            return None
        if outcome.status == FAILED and self._rules.halt_on_error:
            self._halted = True
            roster.clear()
        return outcome

    def _timed(self, outcome: Outcome, running: RunningTask) -> Outcome:
        """The outcome with its seconds; a timeout where its worker was dismissed for it."""
        seconds = time.monotonic() - running.started
        if running.late and outcome.status == FAILED:
            words = f"took longer than --timeout {self._rules.timeout:g} s and was ended"
            late = failed_outcome(running.task, TIMEOUT, words)
            outcome = replace(late, seat=outcome.seat, worker=outcome.worker)
        return replace(outcome, seconds=seconds)

    def _seconds_left(self) -> float | None:
        """Seconds until the next running task is late; None where none can be."""
        timeout, running = self._rules.timeout, self._running.values()
        if timeout is None:
            return None
        ends = [task.started + timeout for task in running if not task.late]
        return max(0.0, min(ends) - time.monotonic()) if ends else None

    def _dismiss_late(self) -> None:
        timeout = self._rules.timeout
        for seat, running in list(self._running.items()):
            late = timeout and time.monotonic() - running.started >= timeout
            if late and not running.late:
                self._running[seat] = replace(running, late=True)
                self._crew.dismiss(seat)
