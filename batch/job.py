"""The values of a batch: what is planned, and what became of it."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from options.options import Options
from workers.addresses import display_name
from workers.task import DONE, FAILED, Outcome

KEPT, LEFT = "kept", "left"


@dataclass(frozen=True)
class Job:
    """One video to be made."""

    name: str  # the output's; the journal knows the job by it
    origin: str  # the row or the files that it comes from, for messages
    options: Options
    key: str  # changes with the inputs and with every option that the result depends on
    notices: tuple[str, ...] = ()

    @property
    def avatar(self) -> str:
        """The face, whose track and engine a worker keeps."""
        return str(self.options.face)


@dataclass(frozen=True)
class JobOutcome(Outcome):
    """How a job of the plan ended: also kept from an earlier run, or left for a later one."""

    STATES: ClassVar[tuple[str, ...]] = (DONE, FAILED, KEPT, LEFT)


def left_outcome(number: int, job: Job, tries: int) -> JobOutcome:
    """The outcome of a job that was not begun, or had not ended when the batch was stopped."""
    return JobOutcome(number, job.name, LEFT, tries=tries)


@dataclass(frozen=True)
class WorkerRecord:
    """A worker process: its start, and how many jobs it had."""

    worker: int
    seat: int
    pid: int
    start_seconds: float
    jobs: int = 0

    def with_job(self) -> "WorkerRecord":
        """The same worker after one more job."""
        return replace(self, jobs=self.jobs + 1)


@dataclass(frozen=True)
class Summary:
    """A whole batch: one outcome for every job of the plan, in its order."""

    jobs: tuple[Job, ...]
    outcomes: tuple[Outcome, ...]
    workers: tuple[WorkerRecord, ...]
    out_dir: Path
    seconds: float

    def __post_init__(self) -> None:
        if [job.name for job in self.jobs] != [outcome.name for outcome in self.outcomes]:
            raise ValueError("a summary needs one outcome for every job, in order")

    def count(self, *states: str) -> int:
        return sum(outcome.status in states for outcome in self.outcomes)

    @property
    def frames(self) -> int:
        """Frames of the videos made in this run."""
        return sum(outcome.frames for outcome in self.outcomes if outcome.status == DONE)

    def as_json(self) -> dict[str, Any]:
        rows = zip(self.jobs, self.outcomes, strict=True)
        return {
            "totals": self.totals(),
            "workers": [asdict(worker) for worker in self.workers],
            "jobs": [{**_files(job), **outcome.as_json()} for job, outcome in rows],
        }

    def totals(self) -> dict[str, Any]:
        return {
            "jobs": len(self.jobs),
            **{state: self.count(state) for state in JobOutcome.STATES},
            "frames": self.frames,
            "seconds": self.seconds,
            "frames_per_second": self.frames / max(self.seconds, 1e-9),
            "start_seconds": sum(worker.start_seconds for worker in self.workers),
        }


def _files(job: Job) -> dict[str, str]:
    names = ("face", "audio", "outfile")
    files = {name: display_name(getattr(job.options, name)) for name in names}
    return {"origin": job.origin, **files}
