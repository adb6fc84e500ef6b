"""What has begun and ended: one line each, on the disk before the batch goes on.

Lines are JSON. `start`: a job's name, its key, which try it is. `end`: the same with its outcome.
A line that was cut off when the machine or the program died is ignored.
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
from batch.job import KEPT, Job, JobOutcome
from workers.stamps import size_of
from workers.task import DONE, Outcome

JOURNAL, SUMMARY, PAGE = "journal.jsonl", "summary.json", "summary.html"
OWN_FILES = (JOURNAL, SUMMARY, PAGE)


@dataclass(frozen=True)
class JobRecord:
    """What the journal tells of one job with this key."""

    key: str
    tries: int = 0
    open: bool = False  # begun and not ended
    outcome: Outcome | None = None

    def started(self) -> "JobRecord":
        """The record after one more start."""
        return replace(self, tries=self.tries + 1, open=True, outcome=None)


@dataclass(frozen=True)
class History:
    """The records of all jobs, by name."""

    records: Mapping[str, JobRecord]

    def tries(self, job: Job) -> int:
        record = self._record(job)
        return record.tries if record else 0

    def kept_outcome(self, number: int, job: Job) -> JobOutcome | None:
        """The earlier outcome of a job that need not be done again."""
        record = self._record(job)
        outcome = record.outcome if record else None
        if outcome is None or outcome.status != DONE or not outcome.output_bytes > 0:
            return None
        if size_of(job.options.outfile) != outcome.output_bytes:
            return None
        return JobOutcome(**{**outcome.as_json(), "number": number, "status": KEPT})

    def interrupted(self, job: Job) -> bool:
        """Whether the job was being done when the batch died."""
        record = self.records.get(job.name)
        return record is not None and record.open

    def _record(self, job: Job) -> JobRecord | None:
        record = self.records.get(job.name)
        return record if record and record.key == job.key else None


class Journal:
    """An open journal file, which no other process writes."""

    def __init__(self, file: IO[bytes], history: History) -> None:
        self.history = history
        self._file = file

    def started(self, job: Job, tries: int, seat: int) -> None:
        self._append(event="start", name=job.name, key=job.key, tries=tries, seat=seat)

    def ended(self, job: Job, outcome: Outcome) -> None:
        self._append(event="end", name=job.name, key=job.key, outcome=outcome.as_json())

    def _append(self, **facts: Any) -> None:  # noqa: ANN401  anything JSON can hold
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
def open_journal(folder: Path) -> Iterator[Journal]:
    """Open the folder's journal and lock it; UsageError while another batch has it."""
    path = folder / JOURNAL
    try:
        folder.mkdir(parents=True, exist_ok=True)
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
        _end_last_line(path, file)
        yield Journal(file, read_history(folder))


def _end_last_line(path: Path, file: IO[bytes]) -> None:
    """End a line that was cut off, so that the next one stands on a line of its own."""
    with path.open("rb") as journal:
        if journal.seek(0, os.SEEK_END) == 0:
            return
        journal.seek(-1, os.SEEK_END)
        if journal.read(1) != b"\n":
            file.write(b"\n")


def read_history(folder: Path) -> History:
    """The records of the folder's journal; none where there is no journal."""
    records: dict[str, JobRecord] = {}
    try:
        lines = (folder / JOURNAL).read_bytes().splitlines()
    except OSError:
        return History({})
    for line in lines:
        try:
            _apply_line(records, json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError):
            continue  # cut off, or of another program
    return History(records)


def _apply_line(records: dict[str, JobRecord], facts: Mapping[str, Any]) -> None:
    name, key = facts["name"], facts["key"]
    record = records.get(name)
    if record is None or record.key != key:
        record = JobRecord(key)
    if facts["event"] == "start":
        records[name] = record.started()
    elif facts["event"] == "end":
        outcome = JobOutcome.from_json(facts["outcome"])
        records[name] = replace(record, open=False, outcome=outcome)
