"""Gives a crew the jobs of the queue: one thread that starts, watches and ends every attempt."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from base.errors import LipSyncError, OutputError
from base.locks import remove
from batch.foreman import Rules
from service.attempts import Workshop, error_words, facts_of
from service.commands import Commands, call_for_command
from service.errors import StorageFull
from service.job import FAILED, STOPPED, SUCCEEDED, Ending, Job, JobProgress
from service.queue import Lease, Queue
from workers.crew import Crew
from workers.pool import Pool
from workers.task import CANCELED, DONE, KILLED, MEMORY, TIMEOUT, Outcome, Progress, Ready, Task

TURN_SECONDS = 0.05  # until it looks for new jobs while others run
IDLE_SECONDS = 5.0  # the same where none runs; a new job wakes it
LEASE_SECONDS = 60.0
SOON = 0.8  # seconds in which a canceled attempt is to have stopped
PATIENCE = 6.0  # seconds after which a worker that does not stop is replaced
LOG = logging.getLogger("lipsync")


@dataclass(frozen=True)
class Stopping:
    """Why an attempt was asked to stop, and when."""

    reason: str  # "canceled", "late" or "draining"
    since: float  # time.monotonic()
    dismissed: bool = False


@dataclass(frozen=True)
class WarmUp:
    """A task that only loads what workers need."""

    task: Task

    def at(self, seat: int) -> Task:
        """The same with a result of its own for each seat."""
        outfile = self.task.options.outfile.with_name(f"{seat}.mp4")
        return replace(self.task, options=replace(self.task.options, outfile=outfile))


@dataclass
class Totals:
    """Of all runs since the start."""

    frames: int = 0
    seconds: float = 0.0
    commands: int = 0
    warm: int = 0  # runs whose engine was still loaded
    by_stage: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: Outcome, seconds: float) -> None:
        self.frames += outcome.frames
        self.seconds += seconds
        self.warm += outcome.caches.get("engine") == "resident"
        self.by_stage.update(outcome.seconds_by_stage)


@dataclass
class Attempt:
    """A job at a seat."""

    job: Job
    started: float  # time.monotonic()
    renewed: float
    progress: JobProgress = field(default_factory=JobProgress)
    stopping: Stopping | None = None
    settled: bool = False  # the queue knows its end, though the worker is still busy


class Dispatcher:
    """Owns the crew; only its own thread talks to it."""

    def __init__(
        self, crew: Crew, queue: Queue, workshop: Workshop, rules: Rules, holder: str
    ) -> None:
        self.memory_mb: dict[int, float] = {}  # of workers, by seat
        self.totals = Totals()
        self.commands = Commands(self._wakeup_now)  # wait for a worker of this machine
        self._crew, self._queue, self._workshop, self._rules = crew, queue, workshop, rules
        self._lease = Lease(holder, LEASE_SECONDS)
        self._attempts: dict[int, Attempt] = {}  # by seat
        self._warming: set[int] = set()  # seats
        self._running: set[int] = set()  # seats where a command runs
        self._turn_of_queue = False  # a command had the last free seat
        self._wakeup, self._changed = threading.Event(), set[str]()
        self._unsettled: list[Callable[[], bool]] = []  # ends that the disk had no room for
        self._draining, self._give_back_at = False, float("inf")
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether jobs are being taken."""
        return self._thread.is_alive() and not self._draining

    @property
    def busy(self) -> int:
        return len(self._attempts) + len(self._running)

    def start(self, warm_up: WarmUp | None = None) -> None:
        """Begin; `warm_up` is done first at every seat, and nobody hears of it."""
        if warm_up is not None:
            for seat in range(self._crew.seats):
                self._warming.add(seat)
                self._crew.submit(warm_up.at(seat), seat)
        self._thread.start()

    def notify(self, job_id: str) -> None:
        """The job has changed in the queue."""
        self._changed.add(job_id)
        self._wakeup_now()

    def _wakeup_now(self) -> None:
        self._wakeup.set()

    def drain(self) -> None:
        """Take no more jobs."""
        self._draining = True
        self.commands.close()
        self._wakeup_now()

    def stop(self, seconds: float) -> None:
        """Take no more; what has not ended in so many seconds waits for the next start."""
        self._give_back_at = time.monotonic() + seconds
        self.drain()
        if self._thread.is_alive():
            self._thread.join(seconds + 2 * PATIENCE)
        self._crew.close()

    def _run(self) -> None:
        while not (self._draining and self._has_ended()):
            try:
                self._turn()
            except Exception:
                LOG.exception("the dispatcher goes on after a bug")
                time.sleep(TURN_SECONDS)

    def _has_ended(self) -> bool:
        """Whether nothing runs; commands that still do are ended with the crew."""
        late = time.monotonic() > self._give_back_at
        return not self._attempts and (late or not self._running)

    def _turn(self) -> None:
        self._settle_again()
        self._fill()
        if self._attempts or self._warming or self._running:
            for event in self._crew.events(TURN_SECONDS):
                self._note(event)
        else:
            self._wakeup.wait(IDLE_SECONDS)
            self._wakeup.clear()
        for seat, attempt in list(self._attempts.items()):
            self._watch(seat, attempt)
        running = {attempt.job.id for attempt in self._attempts.values()}
        for job_id in self._changed.copy() - running:
            self._changed.discard(job_id)

    def _fill(self) -> None:
        """Give every idle seat a command or a job; where both wait, by turns."""
        self.commands.close_late()
        for seat in range(self._crew.seats):
            if self._draining or seat in {*self._attempts, *self._warming, *self._running}:
                continue
            ways = [self._begin_command, self._begin_job]
            if self._turn_of_queue:
                ways.reverse()
            if not any(begin(seat) for begin in ways):
                return

    def _begin_command(self, seat: int) -> bool:
        connection = self.commands.next()
        if connection is None:
            return False
        assert isinstance(self._crew, Pool)  # the flags were checked
        self._turn_of_queue = True
        with connection, suppress(OSError):  # no worker could be started: the client does the work
            self._crew.call(call_for_command(), connection, seat)
            self._running.add(seat)
            self.totals.commands += 1
        return True

    def _begin_job(self, seat: int) -> bool:
        try:
            job = self._queue.take(self._lease)
        except StorageFull:
            return False
        self._turn_of_queue = False
        if job is not None:
            self._start_attempt(job, seat)
        return job is not None

    def _start_attempt(self, job: Job, seat: int) -> None:
        try:
            task = self._workshop.task(job)
        except LipSyncError as error:
            self._settle(job, Ending(FAILED, error.exit_code, error_words(error, job)))
            return
        except OSError:
            self._settle(job, _not_stored("the disk has no room for the job"))
            return
        now = time.monotonic()
        try:
            self._crew.submit(task, seat)
        except OSError:
            self._settle(job, Ending(FAILED, MEMORY, "no worker could be started"))
            return
        self._attempts[seat] = Attempt(job, now, now)

    def _note(self, event: Ready | Progress | Outcome) -> None:
        if isinstance(event, Outcome):
            self.memory_mb[event.seat] = event.memory_mb
        if event.seat in self._warming | self._running:
            if isinstance(event, Outcome):
                self._warming.discard(event.seat)
                self._running.discard(event.seat)
            return
        attempt = self._attempts.get(event.seat)
        if attempt is None:
            return
        if isinstance(event, Ready):
            attempt.started = time.monotonic()  # the worker's start is not the job's time
        elif isinstance(event, Progress):
            attempt.progress = JobProgress(event.stage, event.done, event.of)
            self._renew(attempt)
        else:
            del self._attempts[event.seat]
            self._finish(attempt, event)

    def _renew(self, attempt: Attempt) -> None:
        attempt.renewed = time.monotonic()
        if not attempt.settled:
            with suppress(StorageFull):
                self._queue.renew(attempt.job, self._lease, attempt.progress)

    def _finish(self, attempt: Attempt, outcome: Outcome) -> None:
        job = attempt.job
        seconds = time.monotonic() - attempt.started
        self.totals.add(outcome, seconds)
        if attempt.settled:
            self._workshop.discard(job)
        elif outcome.status == DONE:
            self._seal(job, replace(outcome, seconds=seconds))
        elif attempt.stopping is not None:
            self._stopped(job, attempt.stopping)
        elif self._draining and outcome.exit_code >= KILLED:  # the signal reached it, too
            self._settle_by(lambda: self._queue.give_back(job, failed=False))
        elif self._rules.should_retry(outcome, first_try=1) and outcome.exit_code != TIMEOUT:
            LOG.warning("tried again: %s", outcome.error, extra={"job": job.id})
            self._settle_by(lambda: self._queue.give_back(job, failed=True))
        else:
            LOG.warning(
                "failed: %s", "; ".join((outcome.error, *outcome.notices)), extra={"job": job.id}
            )
            self._settle(job, Ending(FAILED, outcome.exit_code, error_words(outcome, job)))

    def _seal(self, job: Job, outcome: Outcome) -> None:
        try:
            self._workshop.seal(job)
        except OSError:
            self._settle(job, _not_stored("the result could not be brought to the disk"))
            return
        self._settle_by(
            lambda: self._queue.end(job, Ending(SUCCEEDED, facts=facts_of(outcome, job)))
        )

    def _stopped(self, job: Job, stopping: Stopping) -> None:
        if stopping.reason == "draining":
            self._settle_by(lambda: self._queue.give_back(job, failed=False))
        elif stopping.reason == "late":
            words = f"took longer than {job.request.seconds:g} s"
            self._settle(job, Ending(FAILED, TIMEOUT, words))
        else:
            self._settle(job, Ending(STOPPED, CANCELED, "canceled"))

    def _watch(self, seat: int, attempt: Attempt) -> None:
        """Stop an attempt that is not wanted any more, and keep the lease of any other."""
        now = time.monotonic()
        if attempt.stopping is None:
            reason = self._reason_to_stop(attempt, now)
            if reason is not None:
                attempt.stopping = Stopping(reason, now)
                self._crew.cancel(seat)
        else:
            self._hurry(seat, attempt, attempt.stopping, now)
        if now - attempt.renewed > LEASE_SECONDS / 4:
            self._renew(attempt)

    def _reason_to_stop(self, attempt: Attempt, now: float) -> str | None:
        if attempt.job.id in self._changed:
            self._changed.discard(attempt.job.id)
            job = self._queue.get(attempt.job.id)
            if job is None or job.cancel_wanted:
                return "canceled"
        if now - attempt.started > attempt.job.request.seconds:
            return "late"
        return "draining" if now > self._give_back_at else None

    def _hurry(self, seat: int, attempt: Attempt, stopping: Stopping, now: float) -> None:
        """End the job in time, though its worker may be in the middle of something."""
        if now - stopping.since > SOON and not attempt.settled:
            attempt.settled = True
            self._stopped(attempt.job, stopping)
        if now - stopping.since > PATIENCE and not stopping.dismissed:
            attempt.stopping = replace(stopping, dismissed=True)
            self._crew.dismiss(seat)

    def _settle(self, job: Job, ending: Ending) -> None:
        """End a job without a result."""
        self._workshop.discard(job)
        self._settle_by(lambda: self._queue.end(job, ending))

    def _settle_by(self, change: Callable[[], bool]) -> None:
        """Change the queue now, or once the disk has room again."""
        try:
            change()
        except StorageFull:
            self._unsettled.append(change)

    def _settle_again(self) -> None:
        waiting, self._unsettled = self._unsettled, []
        for change in waiting:
            self._settle_by(change)


def remove_orphans(workshop: Workshop, queue: Queue) -> None:
    """Remove the folders of jobs that the queue does not know."""
    workshop.jobs.mkdir(parents=True, exist_ok=True)
    for folder in workshop.jobs.iterdir():
        if queue.get(folder.name) is None:
            remove(folder)


def _not_stored(words: str) -> Ending:
    return Ending(FAILED, OutputError.exit_code, words)
