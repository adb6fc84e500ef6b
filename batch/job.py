"""The values of a batch: what is planned, what a worker is given, what has become of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from batch.places import shown
from wav2lip.options import Options

DONE, FAILED, KEPT, LEFT = "done", "failed", "kept", "left"  # kept: done by an earlier run
STATES = (DONE, FAILED, KEPT, LEFT)
BUG, MEMORY, TIMEOUT = 1, 7, 124  # exit codes of jobs; 124 as of timeout(1)
KILLED = 128  # and more: by a signal, or gone without a word


@dataclass(frozen=True)
class Job:
    """One video to be made."""

    name: str  # the output's, as the journal knows it
    origin: str  # what of the user's it comes from, for messages
    options: Options
    key: str  # changes with the inputs and with every option that matters
    notices: tuple[str, ...] = ()

    @property
    def avatar(self) -> str:
        """The face whose track and engine a worker keeps."""
        return str(self.options.face)


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


def untouched(number: int, job: Job, tries: int) -> Outcome:
    """Not begun, or not ended when the batch was."""
    return Outcome(number, job.name, LEFT, tries=tries)


@dataclass(frozen=True)
class Worker:
    """What a worker process was good for."""

    worker: int
    seat: int
    pid: int
    start_seconds: float
    jobs: int = 0

    def another(self) -> "Worker":
        return replace(self, jobs=self.jobs + 1)


@dataclass(frozen=True)
class Summary:
    """A whole batch: one outcome for every job of the plan, in its order."""

    jobs: tuple[Job, ...]
    outcomes: tuple[Outcome, ...]
    workers: tuple[Worker, ...]
    out_dir: Path
    seconds: float

    def __post_init__(self) -> None:
        if [job.name for job in self.jobs] != [one.name for one in self.outcomes]:
            raise ValueError("a summary needs one outcome for every job, in order")

    def count(self, *states: str) -> int:
        return sum(one.status in states for one in self.outcomes)

    @property
    def frames(self) -> int:
        """Made in this run."""
        return sum(one.frames for one in self.outcomes if one.status == DONE)

    def plain(self) -> dict[str, Any]:
        rows = zip(self.jobs, self.outcomes, strict=True)
        return {
            "totals": self.totals(),
            "workers": [asdict(worker) for worker in self.workers],
            "jobs": [{**_inputs(job), **outcome.plain()} for job, outcome in rows],
        }

    def totals(self) -> dict[str, Any]:
        return {
            "jobs": len(self.jobs),
            **{state: self.count(state) for state in STATES},
            "frames": self.frames,
            "seconds": self.seconds,
            "frames_per_second": self.frames / max(self.seconds, 1e-9),
            "start_seconds": sum(worker.start_seconds for worker in self.workers),
        }


def _inputs(job: Job) -> dict[str, str]:
    names = ("face", "audio", "outfile")
    return {"origin": job.origin, **{name: shown(getattr(job.options, name)) for name in names}}
