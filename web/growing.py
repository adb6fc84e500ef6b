"""A file that is sent while it grows."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, suppress
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool

from service.attempts import FRAGMENTS
from service.bell import wait_for
from service.desk import Desk
from service.job import QUEUED, Job

PIECE = 64 << 10
LOOK_SECONDS = 0.02  # between two looks at a file that grows
IDLE_SECONDS = 5.0  # the same while the job waits; its start is heard


async def growing(job: Job, desk: Desk) -> AsyncIterator[bytes]:
    """The fragments of the job's next attempt, or of the one that runs, until that ends.

    A reader that is slow or gone holds up nobody: the worker writes to the file alone.
    """
    file: BinaryIO | None = None
    with ExitStack() as stack:
        changed = stack.enter_context(desk.bell.listening(job.id))
        attempt = job.attempt + (job.status == QUEUED)
        while True:
            over = job.has_ended or job.attempt > attempt or desk.bell.closed
            path = desk.workshop.jobs / job.id / str(attempt) / FRAGMENTS
            if file is None:
                with suppress(OSError):  # it is not there yet, or not any more
                    file = stack.enter_context(path.open("rb"))
            while file is not None and (piece := await run_in_threadpool(file.read, PIECE)):
                yield piece
            if over:
                return
            waits = job.status == QUEUED
            if await wait_for(changed, IDLE_SECONDS if waits else LOOK_SECONDS):
                job = await run_in_threadpool(_again, job, desk)


def _again(job: Job, desk: Desk) -> Job:
    """The job as it is now; as it was, where it is forgotten."""
    return desk.queue.get(job.id) or job
