"""The values of the queue: what is asked for, how far it is, how it ended."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from workers.task import BUG, CANCELED, KILLED, MEMORY, TIMEOUT

QUEUED, RUNNING, SUCCEEDED, FAILED, STOPPED = (
    "queued",
    "running",
    "succeeded",
    "failed",
    "canceled",
)
STATUSES = (QUEUED, RUNNING, SUCCEEDED, FAILED, STOPPED)
ENDED = (SUCCEEDED, FAILED, STOPPED)
CODES = {
    BUG: "bug",
    2: "usage",
    3: "input",
    4: "no_face",
    5: "engine",
    6: "output",
    MEMORY: "memory",
    TIMEOUT: "timeout",
    CANCELED: "canceled",
}
MOST_PRIORITY = 100


def code_of(exit_code: int) -> str:
    """The exit code by name."""
    lost = exit_code >= KILLED
    return CODES.get(exit_code, "worker_lost" if lost else "error")


@dataclass(frozen=True)
class Request:
    """What a client asks for; it can be kept as JSON."""

    kind: str = "render"  # or "avatar": the face alone is prepared
    options: Mapping[str, Any] = field(default_factory=dict)  # values by flag, as JSON had them
    files: Mapping[str, str] = field(default_factory=dict)  # paths of inputs, by flag
    names: Mapping[str, str] = field(default_factory=dict)  # of those, as the client knows them
    quality: bool = False  # judge the result
    stream: bool = False  # also write fragments that play while they are made
    container: str = "mp4"
    seconds: float = 3600.0  # it may take, without the time in the queue
    webhook_url: str | None = None
    user_data: Any = None

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Request":
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Draft:
    """A job that is to be accepted."""

    owner: str
    request: Request
    priority: int = 0  # among the owner's own
    idempotency_key: str | None = None
    digest: str = ""  # of the request's body

    def __post_init__(self) -> None:
        if not -MOST_PRIORITY <= self.priority <= MOST_PRIORITY:
            raise ValueError(f"a priority is {-MOST_PRIORITY} to {MOST_PRIORITY}")


@dataclass(frozen=True)
class JobProgress:
    """How far an attempt is."""

    stage: str = ""
    done: int = 0
    of: int = 0


@dataclass(frozen=True)
class Ending:
    """How a job ended."""

    status: str
    exit_code: int = 0
    error: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)  # of the result

    def __post_init__(self) -> None:
        if self.status not in ENDED:
            raise ValueError(f"{self.status} is no end")


@dataclass(frozen=True)
class Job:
    """A job as the queue has it; a copy that does not change."""

    number: int
    id: str
    owner: str
    status: str
    priority: int
    request: Request
    created: float  # time.time()
    started: float | None
    ended: float | None
    attempt: int  # counts every start
    failures: int  # of attempts whose worker was lost, or which may pass by themselves
    cancel_wanted: bool
    revision: int  # grows with every change
    progress: JobProgress
    exit_code: int
    error: str
    facts: Mapping[str, Any]
    tells: int  # how often its end was told to the webhook in vain

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED
