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
from pipeline.options import NO_PAGE
from video.unfinished import sweep_beside
from workers import machine
from workers.addresses import address_of
from workers.crew import News, Wanted
from workers.pool import GRACE, ROOT, Pool
from workers.task import KILLED, Outcome, Ready, Task, failed

ROOM = 120.0  # seconds in which a cluster finds room for a worker that was lost
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS": "0",
}
Ray = Any  # the package, which is only there where it was asked for


def anywhere(task: Task) -> Task:
    """The same with names that mean the same in every working folder."""
    values: dict[str, Any] = {
        name: value.absolute()
        for name, value in vars(task.options).items()
        if isinstance(value, Path) and value != NO_PAGE and address_of(value) is None
    }
    return replace(task, options=replace(task.options, **values))


class Holder:
    """On a node: one worker process, and its news as they come."""

    def __init__(self, threads: int) -> None:
        self._pool = Pool(1, threads)

    def do(self, task: Task) -> Iterator[News]:
        """Ends with the task's outcome."""
        self._pool.submit(task, 0)
        while True:
            for news in self._pool.news(None):
                yield news
                if isinstance(news, Outcome):
                    return

    def end(self) -> None:
        """The worker takes away what it has half made."""
        self._pool.stop()


@dataclass(frozen=True)
class Share:
    """What each worker asks of the cluster."""

    seats: int
    threads: int
    cpus: int
    gpus: float


@dataclass
class Held:
    """An actor and what it has been given."""

    actor: Any
    worker: int
    since: float
    ready: bool = False
    task: Task | None = None
    news: Any = None  # of the task, as it comes


class Cluster:
    """A crew of actors. One that is lost costs the task that it had."""

    def __init__(self, ray: Ray, share: Share, hushed: ExitStack) -> None:
        self.seats = share.seats
        self._ray, self._share, self._hushed = ray, share, hushed
        self._held: dict[int, Held] = {}
        self._started = 0

    def submit(self, task: Task, seat: int) -> None:
        held = self._held.get(seat) or self._start(seat)
        held.task = task
        held.news = held.actor.do.options(num_returns="streaming").remote(anywhere(task))

    def news(self, seconds: float | None) -> Sequence[News]:
        until = None if seconds is None else time.monotonic() + seconds
        self._give_room()
        while True:
            waiting = {held.news: seat for seat, held in self._held.items() if held.task}
            found, _ = self._ray.wait(list(waiting), timeout=self._patience(until))
            heard = [news for one in found for news in self._heard(waiting[one])]
            heard += self._without_room()
            if heard or (until is not None and time.monotonic() >= until):
                return heard

    def dismiss(self, seat: int) -> None:
        self._ray.kill(self._held[seat].actor)  # its news end, which is news

    def close(self) -> None:
        ends = [held.actor.end.remote() for held in self._held.values() if held.ready]
        if ends:
            self._ray.wait(ends, num_returns=len(ends), timeout=GRACE)
        for held in self._held.values():
            self._ray.kill(held.actor)
            if held.task is not None:
                sweep_beside(held.task.options.outfile)
        self._held.clear()
        self._ray.shutdown()
        self._hushed.close()

    def _start(self, seat: int) -> Held:
        kind = self._ray.remote(Holder).options(
            num_cpus=self._share.cpus,
            num_gpus=self._share.gpus,
            max_concurrency=2,  # it can be ended while it works
            max_restarts=0,
            scheduling_strategy="SPREAD",
            runtime_env={"env_vars": {"PYTHONPATH": str(ROOT)}},
        )
        self._held[seat] = Held(kind.remote(self._share.threads), self._started, time.monotonic())
        self._started += 1
        return self._held[seat]

    def _heard(self, seat: int) -> Iterator[News]:
        held = self._held[seat]
        try:
            news = self._ray.get(next(held.news))
        except (StopIteration, self._ray.exceptions.RayError) as error:
            yield from self._lost(seat, f"its worker was lost with its actor or node: {_of(error)}")
            return
        if isinstance(news, Ready):
            yield self._begun(held, replace(news, seat=seat))
            return
        if isinstance(news, Outcome):
            held.task = held.news = None
            news = replace(news, worker=held.worker)
        yield replace(news, seat=seat)

    def _begun(self, held: Held, ready: Ready) -> Ready:
        if held.ready:  # the actor has started another process
            held.worker, self._started = self._started, self._started + 1
        else:
            ready = replace(ready, seconds=time.monotonic() - held.since)
        held.ready = True
        return replace(ready, worker=held.worker)

    def _give_room(self) -> None:
        """Who has nothing more to do leaves, if another waits for a place."""
        if any(held.task and not held.ready for held in self._held.values()):
            for seat in [seat for seat, held in self._held.items() if not held.task]:
                self._ray.kill(self._held.pop(seat).actor)

    def _without_room(self) -> Iterator[Outcome]:
        for seat, held in list(self._held.items()):
            if held.task and not held.ready and time.monotonic() - held.since > ROOM:
                self.dismiss(seat)
                words = f"no node had room for its worker within {ROOM:g} s"
                yield from self._lost(seat, f"{words}; bring one back, or take fewer --workers")

    def _lost(self, seat: int, words: str) -> Iterator[Outcome]:
        held = self._held.pop(seat)
        self._ray.kill(held.actor)
        assert held.task is not None
        sweep_beside(held.task.options.outfile)
        outcome = failed(held.task, KILLED, words)
        yield replace(outcome, seat=seat, worker=held.worker)

    def _patience(self, until: float | None) -> float | None:
        """Seconds until there is something to look at."""
        ends = [held.since + ROOM for held in self._held.values() if held.task and not held.ready]
        ends += [] if until is None else [until]
        return max(0.0, min(ends) - time.monotonic()) if ends else None


def _of(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def shared_out(asked: Wanted, resources: Mapping[str, float]) -> Share:
    """One worker a GPU where the jobs may run on one, else one a core with a gigabyte for it."""
    cores = max(1, int(resources.get("CPU", 1)))
    gpus = int(resources.get("GPU", 0)) if asked.gpu else 0
    memory = int(resources["memory"]) if "memory" in resources else None
    fit = gpus or machine.fitting(asked.jobs, cores, memory)
    seats = min(asked.workers or fit, asked.jobs)
    cpus = 1 if seats <= cores else 0  # a share of a core may fit on no node
    return Share(seats, max(1, cores // seats), cpus, 1 / ceil(seats / gpus) if gpus else 0.0)


def cluster_for(asked: Wanted) -> Cluster:
    """EngineError where there is no ray, or no cluster at the address."""
    if find_spec("ray") is None:
        raise EngineError(
            "--cluster needs the package ray, which is not installed;"
            " python -m pip install -r requirements-cluster.txt"
        )
    os.environ.update(QUIET)
    ray = import_module("ray")
    address = asked.cluster or "auto"
    handlers = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        ray.init(address=address, log_to_driver=False, logging_level="CRITICAL")
    except (OSError, RuntimeError, ValueError) as error:
        raise EngineError(
            f"--cluster {address}: no cluster answers: {_of(error)};"
            " start one with ray start --head, or leave --cluster out"
        ) from error
    finally:
        for one, handler in handlers.items():
            signal.signal(one, handler)
    return Cluster(ray, shared_out(asked, ray.cluster_resources()), _hushed())


def _hushed() -> ExitStack:
    """ray prints what it thinks of lost nodes, which no setting stops; our lines are written."""
    with ExitStack() as stack:
        nowhere = stack.enter_context(Path(os.devnull).open("w"))
        stack.enter_context(redirect_stdout(nowhere))
        return stack.pop_all()
