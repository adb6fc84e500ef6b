"""A worker process: takes tasks from a pipe until it ends, and keeps what it has loaded."""

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from multiprocessing.connection import Connection
from queue import SimpleQueue
from types import FrameType
from typing import TYPE_CHECKING

from base.errors import LipSyncError
from base.memory import is_out_of_memory, reuse_freed_memory
from base.signals import EXIT_CODES, TERMINATED, Terminated
from base.text import one_line
from pipeline.report import Clock, Report, Step, write_report
from workers.stamps import bytes_of
from workers.task import BUG, DONE, MEMORY, Outcome, Progress, Ready, Task, failed

if TYPE_CHECKING:
    from workers.resident import Resident

EVERY = 0.2  # seconds between two words of progress
GRACE = 5.0  # seconds to take away what is half made
MOST_NOTICES, MOST_SAID = 20, 4096  # lines, bytes

Tell = Callable[[Step], None]


@dataclass(frozen=True)
class Seat:
    """Where a worker sits and what it may use."""

    place: int
    worker: int  # counted over all that were started
    threads: int  # for networks


def serve(number: int) -> None:
    """Do what comes through the pipe that has this descriptor."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the foreman's to hear
    for ending in EXIT_CODES.keys() - {signal.SIGINT}:
        signal.signal(ending, _stop)
    try:
        _serve(Connection(number))
    except Terminated:
        os._exit(TERMINATED)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Terminated


def _serve(link: Connection) -> None:
    seat: Seat = link.recv()
    reuse_freed_memory()
    from workers.resident import Resident  # what reads, computes and writes is imported here

    resident = Resident(seat.threads)
    link.send(Ready(seat.place, seat.worker, os.getpid()))
    tasks: SimpleQueue[Task | None] = SimpleQueue()
    threading.Thread(target=_listen, args=(link, tasks), daemon=True).start()
    while (task := tasks.get()) is not None:
        tell = _teller(link, seat, task)
        outcome = done(task, resident, tell)
        said = tuple(_said())
        link.send(
            replace(
                outcome,
                seat=seat.place,
                worker=seat.worker,
                memory_mb=resident_mb(),
                notices=(*resident.notices, *outcome.notices, *said),
            )
        )


def _listen(link: Connection, tasks: "SimpleQueue[Task | None]") -> None:
    """When the foreman is gone this worker goes, too, whatever it is doing."""
    try:
        while True:
            tasks.put(link.recv())
    except (EOFError, OSError):
        tasks.put(None)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE)
        os._exit(TERMINATED)


def _teller(link: Connection, seat: Seat, task: Task) -> Tell:
    last = 0.0

    def tell(step: Step) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY:
            last = time.monotonic()
            link.send(Progress(seat.place, task.number, step.stage, step.done, step.of))

    return tell


def done(task: Task, resident: "Resident", tell: Tell) -> Outcome:
    """The task's video, or why there is none."""
    try:
        return _outcome(task, _made(task, resident, tell), resident)
    except Exception as error:  # noqa: BLE001  a bug of ours costs this job, not the others
        if is_out_of_memory(error):
            return failed(task, MEMORY, "out of memory: take fewer --workers or a --resize_factor")
        if isinstance(error, LipSyncError):
            return failed(task, error.exit_code, str(error))
        trace = traceback.format_exc().splitlines()[-MOST_NOTICES:]
        words = f"a bug: {type(error).__name__}: {' '.join(str(error).split())}"
        return replace(failed(task, BUG, words), notices=tuple(trace))


def _made(task: Task, resident: "Resident", tell: Tell) -> Report:
    from pipeline.preflight import check_places
    from pipeline.run import lipsync
    from workers.addresses import brought, shown

    given = task.options
    with brought(given) as options:
        check_places(options)
        report = lipsync(options, resident.stages_of(options), tell, Clock())
        report = replace(report, outfile=shown(given.outfile))
        if options.report is not None:
            write_report(options.report, {"options": given.as_json(), **asdict(report)})
    return report


def _outcome(task: Task, report: Report, resident: "Resident") -> Outcome:
    return Outcome(
        number=task.number,
        name=task.name,
        status=DONE,
        frames=report.frames,
        tries=task.tries,
        engine=report.engine,
        output_bytes=bytes_of(task.options.outfile),
        seconds_by_stage=report.seconds_by_stage,
        caches={**report.caches, **resident.loads},
        verdict=report.quality.get("verdict", ""),
        notices=_judged(task, report),
    )


def _judged(task: Task, report: Report) -> tuple[str, ...]:
    """What --quality found to look at, or to fail."""
    if report.quality.get("verdict", "pass") == "pass":
        return ()
    return (f"{task.name}: {report.quality['sentence']}",)


def _said() -> list[str]:
    """What libraries have written to standard error since; it is taken away from there."""
    try:
        text = os.pread(2, MOST_SAID, 0).decode(errors="replace")
        os.ftruncate(2, 0)
    except OSError:
        return []
    return [line for line in map(one_line, text.splitlines()) if line.strip()][:MOST_NOTICES]


def resident_mb() -> float:
    """Memory of this process that is really there."""
    try:
        with open("/proc/self/statm") as file:  # noqa: PTH123  no path
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
    except (OSError, ValueError):
        return 0.0
