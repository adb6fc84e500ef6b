"""Workers on this machine: a process and a pipe each; none is left when this process ends."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, Pipe, wait
from multiprocessing.reduction import send_handle
from pathlib import Path
from socket import socket
from typing import IO

from base.cores import usable_cores
from base.text import one_line
from video.partial_file import remove_abandoned_beside
from workers import machine, starting
from workers.crew import CrewRequest, WorkerEvent
from workers.task import BUG, KILLED, MEMORY, Call, Cancel, Outcome, Ready, Task, failed_outcome
from workers.worker import WorkerSettings

# The folder that holds the top package: the clone, or the site-packages of an installed wheel,
# where these modules have a longer name.
ROOT = Path(__file__).parents[__name__.count(".")]
START = (
    "import sys; root, descriptor = sys.argv[1:];"
    " paths = [path for path in sys.path if path];"  # without the working folder
    " sys.path[:] = paths if root in paths else [root, *paths];"
    f" from {starting.__name__} import start; start(int(descriptor))"
)
STOP_SECONDS = 10.0  # for a worker to remove its unfinished files and end
LAST_OUTPUT = 2000  # bytes of a worker's output in which its last line is looked for


@dataclass
class WorkerProcess:
    """A running worker and what belongs to it."""

    settings: WorkerSettings
    process: "subprocess.Popen[bytes]"
    pipe: Connection
    output: IO[bytes]  # a file with what the worker's libraries print
    started: float  # time.monotonic()
    task: Task | Call | None = None

    @property
    def seat(self) -> int:
        return self.settings.seat


class Pool:
    """A crew of local processes. A worker that dies costs the one task that it had."""

    def __init__(self, seats: int, threads: int, gpus: Sequence[str] = ()) -> None:
        self.seats = seats
        self._threads, self._gpus = threads, gpus
        self._workers: dict[int, WorkerProcess] = {}  # by seat
        self._started = 0
        self._pending: list[WorkerEvent] = []  # of workers that died while they got a task

    def submit(self, task: Task, seat: int) -> None:
        worker = self._worker_for(task, seat)
        try:
            worker.pipe.send(task)
        except OSError:
            self._pending += self._lost(worker)

    def call(self, call: Call, connection: socket, seat: int) -> None:
        """As `submit`, for a function; the socket goes to the worker and is closed here."""
        worker = self._worker_for(call, seat)
        try:
            with connection:
                worker.pipe.send(call)
                send_handle(worker.pipe, connection.fileno(), worker.process.pid)
        except OSError:
            self._pending += self._lost(worker)

    def _worker_for(self, task: Task | Call, seat: int) -> WorkerProcess:
        """The seat's worker, to which the task belongs from now on."""
        worker = self._workers.get(seat)
        if worker is not None and worker.process.poll() is not None:  # it died without a task
            self._retire(worker)
            worker = None
        worker = worker or self._start(seat)
        worker.task = task
        return worker

    def events(self, seconds: float | None) -> Sequence[WorkerEvent]:
        events, self._pending = self._pending, []
        workers = {worker.pipe: worker for worker in self._workers.values()}
        for pipe in wait(list(workers), 0 if events else seconds):
            assert isinstance(pipe, Connection)
            events += self._received(workers[pipe])
        return events

    def cancel(self, seat: int) -> None:
        worker = self._workers.get(seat)
        if worker is not None and worker.task is not None:
            with suppress(OSError):  # a worker that is gone is seen by `events`
                worker.pipe.send(Cancel(worker.task.number))

    def dismiss(self, seat: int) -> None:
        self._workers[seat].process.kill()  # closes its pipe, which `events` sees

    def stop(self) -> None:
        """End all workers, whatever they are doing; they remove their unfinished files."""
        workers = list(self._workers.values())
        for worker in workers:
            worker.process.terminate()
        until = time.monotonic() + STOP_SECONDS
        for worker in workers:
            _wait(worker.process, until - time.monotonic())

    def close(self) -> None:
        for worker in self._workers.values():
            worker.pipe.close()  # tells it to end
        until = time.monotonic() + STOP_SECONDS
        for worker in self._workers.values():
            _wait(worker.process, until - time.monotonic())
            _clean_up(worker)
        self._workers.clear()

    def _start(self, seat: int) -> WorkerProcess:
        settings = WorkerSettings(seat, self._started, self._threads)
        self._started += 1
        ours, theirs = Pipe()
        output = tempfile.TemporaryFile("a+b", buffering=0)  # noqa: SIM115  _clean_up closes it
        gpu = {"CUDA_VISIBLE_DEVICES": self._gpus[seat % len(self._gpus)]} if self._gpus else {}
        process = subprocess.Popen(  # noqa: S603  our own worker
            [sys.executable, "-c", START, str(ROOT), str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[theirs.fileno()],
            env={**os.environ, **gpu},
        )
        theirs.close()
        worker = WorkerProcess(settings, process, ours, output, time.monotonic())
        self._workers[seat] = worker
        ours.send(settings)
        return worker

    def _received(self, worker: WorkerProcess) -> Iterator[WorkerEvent]:
        """The next event in the worker's pipe; its task's failure where the pipe has ended."""
        try:
            event = worker.pipe.recv()
        except (EOFError, OSError):
            yield from self._lost(worker)
            return
        if isinstance(event, Ready):
            event = replace(event, seconds=time.monotonic() - worker.started)
        if isinstance(event, Outcome):
            worker.task = None
            if event.exit_code in (BUG, MEMORY):  # its state is unknown: it is not used again
                worker.process.kill()
                self._retire(worker)
        yield event

    def _lost(self, worker: WorkerProcess) -> Iterator[Outcome]:
        """The failure of the task of a worker that is gone, or no longer answers."""
        last_line = self._retire(worker)
        if worker.task is not None:
            outcome = failed_outcome(worker.task, *_ending(worker.process.returncode, last_line))
            yield replace(outcome, seat=worker.seat, worker=worker.settings.worker)

    def _retire(self, worker: WorkerProcess) -> str:
        """End the worker; the last line of its output."""
        del self._workers[worker.seat]
        worker.pipe.close()
        _wait(worker.process, STOP_SECONDS)
        return _clean_up(worker)


def _clean_up(worker: WorkerProcess) -> str:
    """Remove what an ended worker left unfinished; the last line of its output."""
    if isinstance(worker.task, Task):
        remove_abandoned_beside(worker.task.options.outfile)
    with worker.output as output:
        return last_line_of(output)


def _wait(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Wait until the process has ended; after so many seconds it is killed."""
    try:
        process.wait(max(0.0, seconds))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _ending(code: int, last_line: str) -> tuple[int, str]:
    """Exit code and error of a task whose worker process ended with this code."""
    said = f": {last_line}" if last_line else ""
    if code < 0:
        hint = "; out of memory? try fewer --workers" if code == -9 else ""
        return KILLED - code, f"its worker was killed by signal {-code}{hint}{said}"
    return KILLED, f"its worker ended with exit code {code}{said}"


def last_line_of(output: IO[bytes]) -> str:
    """The last line that a worker's libraries printed, or nothing."""
    size = os.fstat(output.fileno()).st_size
    start = max(0, size - LAST_OUTPUT)
    text = os.pread(output.fileno(), LAST_OUTPUT, start).decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return one_line(lines[-1]) if lines else ""


def pool_for(request: CrewRequest) -> Pool:
    """One worker a GPU, else as many as cores and memory allow; they share the cores equally."""
    gpus = machine.gpus() if request.gpu else []
    cores = usable_cores()
    fitting = len(gpus) or machine.fitting_workers(request.jobs, cores, machine.available_memory())
    seats = min(request.workers or fitting, request.jobs)
    return Pool(seats, max(1, cores // seats), gpus)
