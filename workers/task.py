"""What a worker is given and what it answers; all of it can be pickled."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from pipeline.options import Options

DONE, FAILED, KEPT, LEFT = "done", "failed", "kept", "left"  # kept: done by an earlier run
STATES = (DONE, FAILED, KEPT, LEFT)
BUG, MEMORY, TIMEOUT = 1, 7, 124  # exit codes of jobs; 124 as of timeout(1)
KILLED = 128  # and more: by a signal, or gone without a word


@dataclass(frozen=True)
class Task:
    """A job on its way to a worker; can be pickled."""

    number: int  # of the job in the plan
    name: str
    options: Options
    tries: int = 1  # this one included


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
    number: int
    stage: str
    done: int
    of: int


@dataclass(frozen=True)
class Outcome:
    """What became of a job; can be pickled, and is JSON after `plain`."""

    number: int
    name: str
    status: str
    exit_code: int = 0
    error: str = ""
    seconds: float = 0.0
    frames: int = 0
    tries: int = 0
    seat: int = -1  # the worker's place; none did it: -1
    worker: int = -1  # counted over all that were started
    engine: str = ""
    memory_mb: float = 0.0  # the worker's, afterwards
    output_bytes: int = 0
    seconds_by_stage: Mapping[str, float] = field(default_factory=dict)
    caches: Mapping[str, str] = field(default_factory=dict)  # track, engine, detector
    verdict: str = ""  # of --quality
    notices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.status not in STATES:
            raise ValueError(f"status {self.status!r}: one of {', '.join(STATES)}")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Outcome":
        """From `plain`, of this or of another version."""
        known = {f.name: values[f.name] for f in fields(cls) if f.name in values}
        return cls(**known | {"notices": tuple(known.get("notices", ()))})

    @property
    def ended(self) -> bool:
        return self.status in (DONE, FAILED)

    def plain(self) -> dict[str, Any]:
        return asdict(self)


def failed(task: Task, exit_code: int, error: str) -> Outcome:
    return Outcome(task.number, task.name, FAILED, exit_code, error, tries=task.tries)
