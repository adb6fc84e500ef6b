"""Crews: workers at their seats, here or on other machines. Who decides what they do is foreman."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from workers.task import Outcome, Progress, Ready, Task

News = Ready | Progress | Outcome


class Crew(Protocol):
    """Each seat has one worker at most; one that dies is replaced when its seat is given a task."""

    seats: int

    def submit(self, task: Task, seat: int) -> None:
        """Begin the task at once; the seat is idle. Exactly one outcome of it will be news."""

    def news(self, seconds: float | None) -> Sequence[News]:
        """What has happened since; waits for it so many seconds, or for ever."""

    def dismiss(self, seat: int) -> None:
        """End the worker whatever it is doing; its task's outcome, a failure, is news."""

    def close(self) -> None:
        """No worker is left afterwards, nor any unfinished file."""


@dataclass(frozen=True)
class Wanted:
    """How large a crew shall be."""

    workers: int | None  # none: what fits
    jobs: int  # that wait for it
    gpu: bool  # whether the jobs may run on one
    cluster: str | None = None  # the address of one, where there are any

    def __post_init__(self) -> None:
        if self.jobs < 1 or (self.workers is not None and self.workers < 1):
            raise ValueError(f"a crew of none: {self}")
