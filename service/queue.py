"""The interface of queues: what was accepted is on disk, and ends once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from service.job import Draft, Ending, Job, JobProgress


@dataclass(frozen=True)
class Lease:
    """Who works on a job, and for how long without a sign of life."""

    holder: str
    seconds: float


@dataclass(frozen=True)
class Depth:
    """How full a queue is."""

    by_status: Mapping[str, int]
    ended_by_code: Mapping[str, int]
    oldest_seconds: float  # that the first of those that wait has waited


class Queue(Protocol):
    """Every method is one transaction. StorageFull where the disk has no room for it."""

    def submit(self, draft: Draft) -> tuple[Job, bool]:
        """The accepted job, and whether it had been accepted before; QueueFull, KeyReused."""

    def get(self, job_id: str, owner: str | None = None) -> Job | None:
        """The job, unless it is another owner's; without an owner, anybody's."""

    def page(self, owner: str, status: str | None, before: int | None, most: int) -> Sequence[Job]:
        """The owner's newest jobs, those with a smaller number than `before`."""

    def position(self, job: Job) -> int:
        """How many waiting jobs start before this one, if none comes and none ends."""

    def take(self, lease: Lease) -> Job | None:
        """The next job, which runs from now on: by its key's rank, in turn, by its priority."""

    def renew(self, job: Job, lease: Lease, progress: JobProgress) -> bool:
        """Note how far the attempt is; False where it is no longer the holder's."""

    def end(self, job: Job, ending: Ending) -> bool:
        """End the job, unless this attempt of it is no longer the current one."""

    def give_back(self, job: Job, failed: bool) -> bool:
        """Let the job wait again; a failure is counted."""

    def cancel(self, job_id: str, owner: str) -> Job | None:
        """End a job that waits; note at one that runs that it is to be stopped."""

    def reclaim(self, holder: str) -> int:
        """Let the jobs wait again whose lease has run out or is of another holder than this."""

    def unfinished(self) -> Sequence[Job]:
        """Jobs of all owners that wait or run."""

    def depth(self) -> Depth: ...

    def ended_before(self, moment: float, most: int) -> Sequence[Job]:
        """Jobs that ended before, the oldest first."""

    def forget(self, job: Job) -> None:
        """Remove a job that has ended."""

    def untold(self, moment: float, most: int) -> Sequence[Job]:
        """Jobs that have ended and whose webhook is to be told by that moment."""

    def note_told(self, job: Job, again_at: float | None) -> None:
        """The webhook is told no more, or again at that moment."""

    def close(self) -> None: ...
