"""What has been begun and ended: one line each, on the disk before anything goes on.

Lines are JSON. `start`: a job's name, its key, which try it is. `end`: the same with its outcome.
A line that was cut off when the machine or the program died is no line.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from base.errors import OutputError, UsageError
from batch.job import Job
from workers.stamps import bytes_of
from workers.task import DONE, KEPT, Outcome

JOURNAL, SUMMARY, PAGE = "journal.jsonl", "summary.json", "summary.html"
OWN_FILES = (JOURNAL, SUMMARY, PAGE)


@dataclass(frozen=True)
class Past:
    """What the journal tells of one job, as it was when it had this key."""

    key: str
    tries: int = 0
    open: bool = False  # begun and not ended
    outcome: Outcome | None = None

    def started(self) -> "Past":
        return replace(self, tries=self.tries + 1, open=True, outcome=None)


@dataclass(frozen=True)
class History:
    """The pasts of all jobs, by name."""

    pasts: Mapping[str, Past]

    def tries(self, job: Job) -> int:
        past = self._past(job)
        return past.tries if past else 0

    def kept(self, number: int, job: Job) -> Outcome | None:
        """The earlier outcome of a job that need not be done again."""
        past = self._past(job)
        outcome = past.outcome if past else None
        if outcome is None or outcome.status != DONE or not outcome.output_bytes > 0:
            return None
        if bytes_of(job.options.outfile) != outcome.output_bytes:
            return None
        return replace(outcome, number=number, status=KEPT)

    def interrupted(self, job: Job) -> bool:
        """Whether it was being made when the batch died."""
        past = self.pasts.get(job.name)
        return past is not None and past.open

    def _past(self, job: Job) -> Past | None:
        past = self.pasts.get(job.name)
        return past if past and past.key == job.key else None


class Journal:
    """Open for writing, and this process's alone."""

    def __init__(self, file: IO[bytes], history: History) -> None:
        self.history = history
        self._file = file

    def started(self, job: Job, tries: int, seat: int) -> None:
        self._tell(event="start", name=job.name, key=job.key, tries=tries, seat=seat)

    def ended(self, job: Job, outcome: Outcome) -> None:
        self._tell(event="end", name=job.name, key=job.key, outcome=outcome.plain())

    def _tell(self, **facts: Any) -> None:  # noqa: ANN401  anything JSON can hold
        try:
            self._file.write(json.dumps(facts).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise OutputError(
                f"{self._file.name}: cannot be written: {error.strerror};"
                " free some space and start the batch again: it goes on where it stopped"
            ) from error


@contextmanager
def opened(out_dir: Path) -> Iterator[Journal]:
    """UsageError while another batch has it."""
    path = out_dir / JOURNAL
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written: {error.strerror}; name another --out_dir"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(
                f"{path}: another batch is at work there; wait for it, or name another --out_dir"
            ) from error
        _end_line(path, file)
        yield Journal(file, read(out_dir))


def _end_line(path: Path, file: IO[bytes]) -> None:
    """So that what follows a line that was cut off stands on a line of its own."""
    with path.open("rb") as whole:
        if whole.seek(0, os.SEEK_END) == 0:
            return
        whole.seek(-1, os.SEEK_END)
        if whole.read(1) != b"\n":
            file.write(b"\n")


def read(out_dir: Path) -> History:
    """What is told so far; nothing where there is no journal."""
    pasts: dict[str, Past] = {}
    try:
        lines = (out_dir / JOURNAL).read_bytes().splitlines()
    except OSError:
        return History({})
    for line in lines:
        try:
            facts = json.loads(line)
            _learn(pasts, facts)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue  # cut off, or of another program
    return History(pasts)


def _learn(pasts: dict[str, Past], facts: Mapping[str, Any]) -> None:
    name, key = facts["name"], facts["key"]
    past = pasts.get(name)
    if past is None or past.key != key:
        past = Past(key)
    if facts["event"] == "start":
        pasts[name] = past.started()
    elif facts["event"] == "end":
        pasts[name] = replace(past, open=False, outcome=Outcome.of(facts["outcome"]))
