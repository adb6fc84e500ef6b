"""The work on a plan: who does what, what is tried again, when it ends. The same for every crew."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from base.errors import UsageError
from batch.job import Job, Worker
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
    failed,
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

    def again(self, outcome: Outcome, first: int) -> bool:
        """Whether what failed may succeed when nothing has changed; `first`: try of this run."""
        passing = outcome.exit_code in (BUG, MEMORY, TIMEOUT) or outcome.exit_code >= KILLED
        return outcome.status == FAILED and passing and outcome.tries - first < self.retry


@dataclass(frozen=True)
class Running:
    """A task at its seat."""

    avatar: str
    task: Task
    since: float
    late: bool = False  # and its worker dismissed for it


class Foreman:
    """Gives a crew its tasks and hears what becomes of them."""

    def __init__(self, crew: Crew, journal: Journal, rules: Rules, watcher: Watcher) -> None:
        self.workers: dict[int, Worker] = {}
        self.tries: dict[int, int] = {}  # of the jobs begun
        self._crew, self._journal, self._rules, self._watcher = crew, journal, rules, watcher
        self._running: dict[int, Running] = {}
        self._halted = False

    def outcomes(self, jobs: Sequence[Job], numbers: Sequence[int]) -> Iterator[Outcome]:
        """One for each job of these numbers that was begun, as they end."""
        tries = {number: self._journal.history.tries(jobs[number]) + 1 for number in numbers}
        tasks = (
            (jobs[n].avatar, Task(n, jobs[n].name, jobs[n].options, tries[n])) for n in numbers
        )
        roster = Roster(tasks)
        self._assign(roster, jobs)
        while self._running:
            for news in self._crew.news(self._patience()):
                if isinstance(news, Outcome):
                    outcome = self._heard(news, roster, jobs, tries[news.number])
                    if outcome is not None:
                        yield outcome
                else:
                    self._told(news)
            self._dismiss_late()
            self._assign(roster, jobs)

    def _assign(self, roster: Roster, jobs: Sequence[Job]) -> None:
        for seat in range(self._crew.seats):
            taken = None if seat in self._running else roster.take(seat)
            if taken is not None:
                avatar, task = taken
                self.tries[task.number] = task.tries
                self._journal.started(jobs[task.number], task.tries, seat)
                self._watcher.started(task, seat)
                self._running[seat] = Running(avatar, task, time.monotonic())
                self._crew.submit(task, seat)

    def _told(self, news: Ready | Progress) -> None:
        if isinstance(news, Ready):
            self.workers[news.worker] = Worker(news.worker, news.seat, news.pid, news.seconds)
            self._watcher.ready(news)
            if news.seat in self._running:  # the start is not the job's time
                since = time.monotonic()
                self._running[news.seat] = replace(self._running[news.seat], since=since)
        else:
            self._watcher.progress(news)

    def _heard(
        self, outcome: Outcome, roster: Roster, jobs: Sequence[Job], first: int
    ) -> Outcome | None:
        """The outcome, if it is the last word on its job."""
        ran = self._running.pop(outcome.seat)
        outcome = self._timed(outcome, ran)
        if outcome.worker in self.workers:
            self.workers[outcome.worker] = self.workers[outcome.worker].another()
        self._journal.ended(jobs[outcome.number], outcome)
        again = not self._halted and self._rules.again(outcome, first)
        self._watcher.ended(outcome, again)
        if again:
            roster.put_back(ran.avatar, replace(ran.task, tries=ran.task.tries + 1))
            return None
        if outcome.status == FAILED and self._rules.halt_on_error:
            self._halted = True
            roster.clear()
        return outcome

    def _timed(self, outcome: Outcome, ran: Running) -> Outcome:
        seconds = time.monotonic() - ran.since
        if ran.late and outcome.status == FAILED:
            words = f"took longer than --timeout {self._rules.timeout:g} s and was ended"
            late = failed(ran.task, TIMEOUT, words)
            outcome = replace(late, seat=outcome.seat, worker=outcome.worker)
        return replace(outcome, seconds=seconds)

    def _patience(self) -> float | None:
        """Seconds until the next running task is late."""
        if self._rules.timeout is None:
            return None
        ends = [ran.since + self._rules.timeout for ran in self._running.values() if not ran.late]
        return max(0.0, min(ends) - time.monotonic()) if ends else None

    def _dismiss_late(self) -> None:
        for seat, ran in list(self._running.items()):
            late = self._rules.timeout and time.monotonic() - ran.since >= self._rules.timeout
            if late and not ran.late:
                self._running[seat] = replace(ran, late=True)
                self._crew.dismiss(seat)
