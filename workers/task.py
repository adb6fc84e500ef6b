"""What a worker gets and what it answers: values that can be pickled."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from socket import socket
from typing import TYPE_CHECKING, Any, ClassVar

from options.options import Options

if TYPE_CHECKING:
    from workers.resident import ResidentModels

DONE, FAILED = "done", "failed"
BUG, MEMORY, TIMEOUT = 1, 7, 124  # exit codes of tasks; 124 is that of timeout(1)
CANCELED = 125  # the caller wanted no more of it
KILLED = 128  # plus the signal's number; 128 alone where the worker just ended


@dataclass(frozen=True)
class Task:
    """One video for a worker to make."""

    number: int  # the caller's; it comes back in the task's events
    name: str
    options: Options
    tries: int = 1  # this one included


@dataclass(frozen=True)
class Call:
    """A function for a worker of this machine, which gets a socket and the models it keeps."""

    number: int  # the caller's; it comes back in the outcome
    run: "Callable[[socket, ResidentModels], int]"  # its exit code; of a module, to be sent by name
    name: str = "call"
    tries: int = 1


@dataclass(frozen=True)
class Cancel:
    """The task with this number is no longer wanted."""

    number: int


@dataclass(frozen=True)
class Ready:
    """A worker has started and takes tasks."""

    seat: int
    worker: int  # counted over all that were started
    pid: int
    seconds: float = 0.0  # from the start of its process


@dataclass(frozen=True)
class Progress:
    """How far a task is."""

    seat: int
    number: int  # the task's
    stage: str
    done: int
    of: int


@dataclass(frozen=True)
class Outcome:
    """How a task ended."""

    STATES: ClassVar[tuple[str, ...]] = (DONE, FAILED)

    number: int
    name: str
    status: str
    exit_code: int = 0
    error: str = ""
    seconds: float = 0.0
    frames: int = 0
    tries: int = 0
    seat: int = -1  # -1: no worker had it
    worker: int = -1  # counted over all that were started
    engine: str = ""
    memory_mb: float = 0.0  # the worker's, afterwards
    output_bytes: int = 0
    seconds_by_stage: Mapping[str, float] = field(default_factory=dict)
    caches: Mapping[str, str] = field(default_factory=dict)  # track, engine, detector
    verdict: str = ""  # of --quality
    notices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.status not in self.STATES:
            raise ValueError(f"status {self.status!r}: one of {', '.join(self.STATES)}")

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Outcome":
        """The inverse of `as_json`, also of another version's, whose unknown fields are ignored."""
        known = {f.name: values[f.name] for f in fields(cls) if f.name in values}
        return cls(**known | {"notices": tuple(known.get("notices", ()))})

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def failed_outcome(task: Task | Call, exit_code: int, error: str) -> Outcome:
    return Outcome(task.number, task.name, FAILED, exit_code, error, tries=task.tries)
