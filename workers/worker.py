"""A worker process: makes the videos of tasks that come through a pipe, and keeps its models."""

import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from queue import SimpleQueue
from socket import socket
from types import FrameType
from typing import TYPE_CHECKING

from base.errors import LipSyncError
from base.memory import is_out_of_memory, reuse_freed_memory
from base.signals import EXIT_CODES, TERMINATED, Terminated
from base.text import one_line
from pipeline.report import Clock, Report, Step, write_report
from workers.stamps import size_of
from workers.task import (
    BUG,
    CANCELED,
    DONE,
    MEMORY,
    Call,
    Cancel,
    Outcome,
    Progress,
    Ready,
    Task,
    failed_outcome,
)

if TYPE_CHECKING:
    from workers.resident import ResidentModels

PROGRESS_SECONDS = 0.2  # between two events of progress
STOP_SECONDS = 5.0  # to remove unfinished files
MOST_NOTICES, MOST_OUTPUT = 20, 4096  # lines and bytes of what libraries print during a task

Tell = Callable[[Step], None]
Work = Task | tuple[Call, socket]


class Canceled(Exception):
    """The caller wants no more of the task."""


@dataclass
class Inbox:
    """What came through the pipe and was not done yet."""

    tasks: "SimpleQueue[Work | None]" = field(default_factory=SimpleQueue)
    canceled: set[int] = field(default_factory=set)  # numbers of tasks


@dataclass(frozen=True)
class WorkerSettings:
    """The first value in the pipe: which worker this is, and what it may use."""

    seat: int
    worker: int  # counted over all that were started
    threads: int  # for networks


def serve(descriptor: int) -> None:
    """Do the tasks in the pipe with this file descriptor until its other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the process that owns the crew
    for number in EXIT_CODES.keys() - {signal.SIGINT}:
        signal.signal(number, _raise_terminated)
    try:
        _serve(Connection(descriptor))
    except Terminated:
        os._exit(TERMINATED)


def _raise_terminated(_number: int, _frame: FrameType | None) -> None:
    raise Terminated


def _serve(pipe: Connection) -> None:
    settings: WorkerSettings = pipe.recv()
    reuse_freed_memory()
    from workers.resident import ResidentModels  # imports all that reads, computes and writes

    models = ResidentModels(settings.threads)
    pipe.send(Ready(settings.seat, settings.worker, os.getpid()))
    inbox = Inbox()
    threading.Thread(target=_receive, args=(pipe, inbox), daemon=True).start()
    while (work := inbox.tasks.get()) is not None:
        if isinstance(work, Task):
            outcome = _task_outcome(work, models, pipe, settings, inbox.canceled)
        else:
            outcome = run_call(*work, models)
        pipe.send(
            replace(
                outcome,
                seat=settings.seat,
                worker=settings.worker,
                memory_mb=resident_memory_mb(),
                notices=(*models.notices, *outcome.notices, *_printed_lines()),
            )
        )


def _task_outcome(
    task: Task,
    models: "ResidentModels",
    pipe: Connection,
    settings: WorkerSettings,
    canceled: set[int],
) -> Outcome:
    canceled.intersection_update({task.number})
    outcome = run_task(task, models, _progress_sender(pipe, settings, task, canceled))
    if outcome.status != DONE and task.number in canceled:
        return failed_outcome(task, CANCELED, "canceled")
    return outcome


def _receive(pipe: Connection, inbox: Inbox) -> None:
    """When the pipe's other end is gone this worker ends, too, whatever it is doing."""
    try:
        while True:
            message = pipe.recv()
            if isinstance(message, Cancel):
                inbox.canceled.add(message.number)
            elif isinstance(message, Call):
                inbox.tasks.put((message, socket(fileno=recv_handle(pipe))))
            else:
                inbox.tasks.put(message)
    except (EOFError, OSError):
        inbox.tasks.put(None)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_SECONDS)
        os._exit(TERMINATED)


def _progress_sender(
    pipe: Connection, settings: WorkerSettings, task: Task, canceled: set[int]
) -> Tell:
    """Reports steps, and ends the run where its task was canceled."""
    last, stage = 0.0, ""

    def tell(step: Step) -> None:
        nonlocal last, stage
        if task.number in canceled:
            raise Canceled
        if step.stage != stage or time.monotonic() - last >= PROGRESS_SECONDS:
            last, stage = time.monotonic(), step.stage
            pipe.send(Progress(settings.seat, task.number, step.stage, step.done, step.of))

    return tell


def run_task(task: Task, models: "ResidentModels", tell: Tell) -> Outcome:
    """Make the task's video; the outcome says what was made, or why nothing was."""
    try:
        return _outcome(task, _make_video(task, models, tell), models)
    except Exception as error:  # noqa: BLE001  a bug of ours costs this task, not the others
        if is_out_of_memory(error):
            words = "out of memory: take fewer --workers or a --resize_factor"
            return failed_outcome(task, MEMORY, words)
        if isinstance(error, LipSyncError):
            return failed_outcome(task, error.exit_code, str(error))
        return _bug(task, error)


def run_call(call: Call, connection: socket, models: "ResidentModels") -> Outcome:
    """Run the function; the connection is closed afterwards."""
    try:
        with connection:
            exit_code = call.run(connection, models)
    except Exception as error:  # noqa: BLE001  as above
        return _bug(call, error)
    return Outcome(call.number, call.name, DONE, exit_code)


def _bug(work: Task | Call, error: Exception) -> Outcome:
    """The failure, with the last lines of the exception that is being handled."""
    trace = traceback.format_exc().splitlines()[-MOST_NOTICES:]
    words = f"a bug: {type(error).__name__}: {' '.join(str(error).split())}"
    return replace(failed_outcome(work, BUG, words), notices=tuple(trace))


def _make_video(task: Task, models: "ResidentModels", tell: Tell) -> Report:
    from pipeline.run import lipsync
    from pipeline.speaking import settings_with_speech
    from workers.addresses import display_name, with_local_files

    clock = Clock()
    with with_local_files(task.options) as options:
        with settings_with_speech(options, clock) as settings:
            report = lipsync(settings, models.stages_of(settings), tell, clock)
        report = replace(report, outfile=display_name(task.options.outfile))
        if options.report is not None:
            facts = {"options": task.options.as_json(), **asdict(report)}
            write_report(options.report, facts)
    return report


def _outcome(task: Task, report: Report, models: "ResidentModels") -> Outcome:
    return Outcome(
        number=task.number,
        name=task.name,
        status=DONE,
        frames=report.frames,
        tries=task.tries,
        engine=report.engine,
        output_bytes=size_of(task.options.outfile),
        seconds_by_stage=report.seconds_by_stage,
        caches={**report.caches, **models.loads},
        verdict=report.quality.get("verdict", ""),
        notices=_quality_notices(task, report),
    )


def _quality_notices(task: Task, report: Report) -> tuple[str, ...]:
    """The sentence of --quality, unless all is well."""
    if report.quality.get("verdict", "pass") == "pass":
        return ()
    return (f"{task.name}: {report.quality['sentence']}",)


def _printed_lines() -> list[str]:
    """The lines that libraries wrote to standard error, a file, since the last call."""
    try:
        text = os.pread(2, MOST_OUTPUT, 0).decode(errors="replace")
        os.ftruncate(2, 0)
    except OSError:
        return []
    return [line for line in map(one_line, text.splitlines()) if line.strip()][:MOST_NOTICES]


def resident_memory_mb() -> float:
    """Megabytes of this process that are in memory now; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm") as file:  # noqa: PTH123  no path
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
    except (OSError, ValueError):
        return 0.0
