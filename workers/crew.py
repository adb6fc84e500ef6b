"""The interface of crews: workers at numbered seats, on this machine or on others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from workers.task import Outcome, Progress, Ready, Task

WorkerEvent = Ready | Progress | Outcome


class Crew(Protocol):
    """Each seat has at most one worker; one that died is replaced by the seat's next task."""

    seats: int

    def submit(self, task: Task, seat: int) -> None:
        """Begin the task at once at an idle seat; exactly one outcome of it will be an event."""

    def events(self, seconds: float | None) -> Sequence[WorkerEvent]:
        """The events since the last call; waits for one so many seconds, with None for ever."""

    def cancel(self, seat: int) -> None:
        """Ask the seat's worker to give up its task, whose failure will be an event.

        The worker stays; where it has no task, nothing happens.
        """

    def dismiss(self, seat: int) -> None:
        """End the seat's worker, whatever it is doing; its task's failure will be an event."""

    def close(self) -> None:
        """End all workers; none is left afterwards, nor any unfinished file."""


@dataclass(frozen=True)
class CrewRequest:
    """What a crew is sized by."""

    workers: int | None  # None: as many as fit
    jobs: int  # that wait for it
    gpu: bool  # whether the jobs may run on one
    cluster: str | None = None  # the address of a ray cluster

    def __post_init__(self) -> None:
        if self.jobs < 1 or (self.workers is not None and self.workers < 1):
            raise ValueError(f"a crew of none: {self}")
