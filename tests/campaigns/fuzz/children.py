"""A command in a forked child: imports are paid once, and nothing outlives its limits."""

import ctypes
import os
import pickle
import resource
import select
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

SIDE_BY_SIDE = 2
PROCESSOR_SECONDS, SECONDS = 10, 60  # others may be at work: the second is for what waits
MEMORY = 4 << 30  # bytes more than the parent has mapped
FILE_BYTES = 64 << 20
DIES_WITH_PARENT = 1  # Linux's PR_SET_PDEATHSIG


@dataclass(frozen=True)
class Job:
    """What a child does in a folder of its own; returns its exit code."""

    name: str
    folder: Path
    run: Callable[[], int]


@dataclass(frozen=True)
class Outcome:
    """How a child ended."""

    job: Job
    code: int | None  # none: by a signal
    signal: int | None
    late: bool  # it was killed
    seconds: float
    printed: str
    said: str


def made_in_child(make: Callable[[], T]) -> T:
    """What `make` returns; threads that it starts would be dead in later forks, and end here."""
    with tempfile.TemporaryFile() as held:
        child = os.fork()
        if not child:
            pickle.dump(make(), held)
            held.flush()
            os._exit(0)
        os.waitpid(child, 0)
        held.seek(0)
        return pickle.load(held)


def outcomes(jobs: Iterable[Job]) -> Iterator[Outcome]:
    """One for each job, as they end; at most SIDE_BY_SIDE run at once."""
    running: dict[int, tuple[Job, int, float]] = {}  # by what tells of the end
    waiting = iter(jobs)
    try:
        while True:
            while len(running) < SIDE_BY_SIDE and (job := next(waiting, None)) is not None:
                pid = forked(job)
                running[os.pidfd_open(pid)] = job, pid, time.monotonic()
            if not running:
                return
            yield from ended(running)
    finally:
        for handle, (_, pid, _) in running.items():
            killed(pid)
            os.close(handle)


def ended(running: dict[int, tuple[Job, int, float]]) -> Iterator[Outcome]:
    """Those that are done by now, and those whose time is over."""
    over, _, _ = select.select(list(running), [], [], 1.0)
    for handle, (job, pid, since) in list(running.items()):
        late = time.monotonic() - since > SECONDS
        if handle in over or late:
            del running[handle]
            os.close(handle)
            status = killed(pid) if late else os.waitpid(pid, 0)[1]
            yield outcome(job, status, late, time.monotonic() - since)


def killed(pid: int) -> int:
    os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


def outcome(job: Job, status: int, late: bool, seconds: float) -> Outcome:
    code = os.waitstatus_to_exitcode(status)
    return Outcome(
        job=job,
        code=code if code >= 0 else None,
        signal=-code if code < 0 else None,
        late=late,
        seconds=seconds,
        printed=(job.folder / "printed").read_text(errors="replace"),
        said=(job.folder / "said").read_text(errors="replace"),
    )


def without_threads() -> None:
    """What a thread holds would be held for ever in a child."""
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        raise RuntimeError(f"{threads} threads run before the fork: children would wait for them")


def forked(job: Job) -> int:
    """The child's number; the child never comes back from here."""
    without_threads()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        into_folder(job.folder)
        limited()
        code = job.run()
    except BaseException:  # noqa: BLE001  whatever it is, it is told as Python would tell it
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def into_folder(folder: Path) -> None:
    os.chdir(folder)
    for descriptor, name in ((0, os.devnull), (1, "printed"), (2, "said")):
        file = os.open(name, os.O_RDONLY if descriptor == 0 else os.O_CREAT | os.O_WRONLY)
        os.dup2(file, descriptor)
    (folder / "temp").mkdir()
    os.environ["TMPDIR"], tempfile.tempdir = str(folder / "temp"), None
    os.environ["XDG_CACHE_HOME"] = str(folder / "kept")


def limited() -> None:
    ctypes.CDLL(None).prctl(DIES_WITH_PARENT, signal.SIGKILL)
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY, mapped + MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
