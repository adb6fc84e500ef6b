"""Workers on the machines of a ray cluster: an actor holds each, and is lost with its node."""

import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import Any

from base.errors import EngineError
from options.options import NO_PAGE
from video.partial_file import remove_abandoned_beside
from workers import machine
from workers.addresses import address_of
from workers.crew import CrewRequest, WorkerEvent
from workers.pool import ROOT, STOP_SECONDS, Pool
from workers.stamps import checkpoint_of
from workers.task import KILLED, Outcome, Ready, Task, failed_outcome

PLACEMENT_SECONDS = 120.0  # in which a cluster finds room for a worker's actor
QUIET_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS": "0",
}
Ray = Any  # the package, which is only imported for --cluster


def with_absolute_paths(task: Task) -> Task:
    """The same task, also with the weights found here, for a process with another folder."""
    options = replace(task.options, checkpoint_path=checkpoint_of(task.options))
    values: dict[str, Any] = {
        name: value.absolute()
        for name, value in vars(options).items()
        if isinstance(value, Path) and value != NO_PAGE and address_of(value) is None
    }
    return replace(task, options=replace(options, **values))


class WorkerActor:
    """On a node: holds one worker process and passes its events on."""

    def __init__(self, threads: int) -> None:
        self._pool = Pool(1, threads)

    def run(self, task: Task) -> Iterator[WorkerEvent]:
        """The task's events; the last is its outcome."""
        self._pool.submit(task, 0)
        while True:
            for event in self._pool.events(None):
                yield event
                if isinstance(event, Outcome):
                    return

    def cancel(self) -> None:
        """Ask the worker to give up its task."""
        self._pool.cancel(0)

    def stop(self) -> None:
        """End the worker, which removes its unfinished files."""
        self._pool.stop()


@dataclass(frozen=True)
class Allocation:
    """How many workers a cluster has, and what each gets."""

    seats: int
    threads: int
    cpus: int
    gpus: float


@dataclass
class ActorHandle:
    """An actor and its task."""

    actor: Any
    worker: int  # counted over all that were started
    started: float  # time.monotonic()
    ready: bool = False
    task: Task | None = None
    events: Any = None  # ray's stream of the task's events


class Cluster:
    """A crew of actors. An actor that is lost costs the one task that it had."""

    def __init__(self, ray: Ray, allocation: Allocation, silence: ExitStack) -> None:
        self.seats = allocation.seats
        self._ray, self._allocation, self._silence = ray, allocation, silence
        self._actors: dict[int, ActorHandle] = {}  # by seat
        self._started = 0

    def submit(self, task: Task, seat: int) -> None:
        handle = self._actors.get(seat) or self._start(seat)
        handle.task = task
        stream = handle.actor.run.options(num_returns="streaming")
        handle.events = stream.remote(with_absolute_paths(task))

    def events(self, seconds: float | None) -> Sequence[WorkerEvent]:
        until = None if seconds is None else time.monotonic() + seconds
        self._end_idle_actors()
        while True:
            streams = {handle.events: seat for seat, handle in self._actors.items() if handle.task}
            ready, _ = self._ray.wait(list(streams), timeout=self._seconds_left(until))
            events = [event for stream in ready for event in self._received(streams[stream])]
            events += self._unplaced()
            if events or (until is not None and time.monotonic() >= until):
                return events

    def cancel(self, seat: int) -> None:
        handle = self._actors.get(seat)
        if handle is not None and handle.task is not None:
            handle.actor.cancel.remote()

    def dismiss(self, seat: int) -> None:
        self._ray.kill(self._actors[seat].actor)  # ends its stream, which `events` sees

    def close(self) -> None:
        stops = [handle.actor.stop.remote() for handle in self._actors.values() if handle.ready]
        if stops:
            self._ray.wait(stops, num_returns=len(stops), timeout=STOP_SECONDS)
        for handle in self._actors.values():
            self._ray.kill(handle.actor)
            if handle.task is not None:
                remove_abandoned_beside(handle.task.options.outfile)
        self._actors.clear()
        self._ray.shutdown()
        self._silence.close()

    def _start(self, seat: int) -> ActorHandle:
        actor_class = self._ray.remote(WorkerActor).options(
            num_cpus=self._allocation.cpus,
            num_gpus=self._allocation.gpus,
            max_concurrency=2,  # `cancel` and `stop` while it runs a task
            max_restarts=0,
            scheduling_strategy="SPREAD",
            runtime_env={"env_vars": {"PYTHONPATH": str(ROOT)}},
        )
        actor = actor_class.remote(self._allocation.threads)
        self._actors[seat] = ActorHandle(actor, self._started, time.monotonic())
        self._started += 1
        return self._actors[seat]

    def _received(self, seat: int) -> Iterator[WorkerEvent]:
        """The next event in the actor's stream; its task's failure where the stream has ended."""
        handle = self._actors[seat]
        try:
            event = self._ray.get(next(handle.events))
        except (StopIteration, self._ray.exceptions.RayError) as error:
            words = f"its worker was lost with its actor or node: {_first_line(error)}"
            yield from self._lost(seat, words)
            return
        if isinstance(event, Ready):
            yield self._begun(handle, replace(event, seat=seat))
            return
        if isinstance(event, Outcome):
            handle.task = handle.events = None
            event = replace(event, worker=handle.worker)
        yield replace(event, seat=seat)

    def _begun(self, handle: ActorHandle, ready: Ready) -> Ready:
        """The event with a number that is unique among all actors' workers."""
        if handle.ready:  # the actor has replaced its process
            handle.worker, self._started = self._started, self._started + 1
        else:
            ready = replace(ready, seconds=time.monotonic() - handle.started)
        handle.ready = True
        return replace(ready, worker=handle.worker)

    def _end_idle_actors(self) -> None:
        """Make room for an actor that waits for it by ending those without a task."""
        if any(handle.task and not handle.ready for handle in self._actors.values()):
            for seat in [seat for seat, handle in self._actors.items() if not handle.task]:
                self._ray.kill(self._actors.pop(seat).actor)

    def _unplaced(self) -> Iterator[Outcome]:
        """The failures of tasks whose actors found no room in time."""
        for seat, handle in list(self._actors.items()):
            late = time.monotonic() - handle.started > PLACEMENT_SECONDS
            if handle.task and not handle.ready and late:
                self.dismiss(seat)
                words = f"no node had room for its worker within {PLACEMENT_SECONDS:g} s"
                yield from self._lost(seat, f"{words}; bring one back, or take fewer --workers")

    def _lost(self, seat: int, words: str) -> Iterator[Outcome]:
        """The failure of the task of an actor that is gone."""
        handle = self._actors.pop(seat)
        self._ray.kill(handle.actor)
        assert handle.task is not None
        remove_abandoned_beside(handle.task.options.outfile)
        outcome = failed_outcome(handle.task, KILLED, words)
        yield replace(outcome, seat=seat, worker=handle.worker)

    def _seconds_left(self, until: float | None) -> float | None:
        """Seconds until `events` has to return or an actor has waited too long; None: neither."""
        waiting = [h for h in self._actors.values() if h.task and not h.ready]
        ends = [handle.started + PLACEMENT_SECONDS for handle in waiting]
        ends += [] if until is None else [until]
        return max(0.0, min(ends) - time.monotonic()) if ends else None


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def allocate(request: CrewRequest, resources: Mapping[str, float]) -> Allocation:
    """One worker a GPU where the jobs may run on one, else one a core with a gigabyte for it."""
    cores = max(1, int(resources.get("CPU", 1)))
    gpus = int(resources.get("GPU", 0)) if request.gpu else 0
    memory = int(resources["memory"]) if "memory" in resources else None
    fitting = gpus or machine.fitting_workers(request.jobs, cores, memory)
    seats = min(request.workers or fitting, request.jobs)
    cpus = 1 if seats <= cores else 0  # a fraction of a core may fit on no node
    return Allocation(seats, max(1, cores // seats), cpus, 1 / ceil(seats / gpus) if gpus else 0.0)


def cluster_for(request: CrewRequest) -> Cluster:
    """Connect to the cluster; EngineError where there is no ray, or no cluster at the address."""
    if find_spec("ray") is None:
        raise EngineError(
            "--cluster needs the package ray, which is not installed;"
            " python -m pip install -r requirements-cluster.txt"
        )
    os.environ.update(QUIET_ENVIRONMENT)
    ray = import_module("ray")
    address = request.cluster or "auto"
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        ray.init(address=address, log_to_driver=False, logging_level="CRITICAL")
    except (OSError, RuntimeError, ValueError) as error:
        raise EngineError(
            f"--cluster {address}: no cluster answers: {_first_line(error)};"
            " start one with ray start --head, or leave --cluster out"
        ) from error
    finally:
        for number, handler in handlers.items():  # ray sets its own
            signal.signal(number, handler)
    return Cluster(ray, allocate(request, ray.cluster_resources()), _silenced_stdout())


def _silenced_stdout() -> ExitStack:
    """Discard what ray prints about lost nodes, which no setting stops, until this is closed."""
    with ExitStack() as stack:
        null = stack.enter_context(Path(os.devnull).open("w"))
        stack.enter_context(redirect_stdout(null))
        return stack.pop_all()
