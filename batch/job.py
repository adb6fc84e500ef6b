"""The values of a batch: what is planned, and what has become of it."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.options import Options
from workers.addresses import shown
from workers.task import DONE, LEFT, STATES, Outcome


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
