"""The table of jobs in SQLite: its columns, what is asked of it, and rows as jobs."""

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from service.errors import StorageFull
from service.job import QUEUED, STOPPED, Job, JobProgress, Request
from workers.task import CANCELED

BUSY_SECONDS = 10.0  # until a lock that another process holds is an error
RETRY_AFTER = 10  # seconds, told to who meets a full queue
VERSION = 1
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS jobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  status TEXT NOT NULL,
  priority INTEGER NOT NULL,
  request TEXT NOT NULL,
  idempotency_key TEXT,
  digest TEXT NOT NULL,
  created REAL NOT NULL,
  started REAL,
  ended REAL,
  attempt INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  cancel_wanted INTEGER NOT NULL DEFAULT 0,
  holder TEXT,
  leased_until REAL,
  revision INTEGER NOT NULL DEFAULT 1,
  progress TEXT NOT NULL DEFAULT '["", 0, 0]',
  exit_code INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '',
  facts TEXT NOT NULL DEFAULT '{{}}',
  webhook_due REAL,
  tells INTEGER NOT NULL DEFAULT 0,
  UNIQUE (owner, idempotency_key)
);
CREATE INDEX IF NOT EXISTS by_status ON jobs (status, owner, priority DESC, number);
CREATE INDEX IF NOT EXISTS by_owner ON jobs (owner, number);
CREATE INDEX IF NOT EXISTS by_start ON jobs (owner, started);
CREATE INDEX IF NOT EXISTS by_end ON jobs (ended);
CREATE INDEX IF NOT EXISTS by_webhook ON jobs (webhook_due) WHERE webhook_due IS NOT NULL;
PRAGMA user_version = {VERSION};
"""
COLUMNS = (
    "number, id, owner, status, priority, request, created, started, ended, attempt, failures,"
    " cancel_wanted, revision, progress, exit_code, error, facts, tells"
)
# The owner of the highest rank, then with the fewest running jobs, then served longest ago.
NEXT = f"""
SELECT {COLUMNS} FROM jobs WHERE status = 'queued' AND owner = (
  SELECT owner FROM (SELECT DISTINCT owner FROM jobs WHERE status = 'queued') AS waiting
  ORDER BY
    coalesce((SELECT value FROM json_each(?) WHERE key = waiting.owner), 0) DESC,
    (SELECT count(*) FROM jobs r WHERE r.status = 'running' AND r.owner = waiting.owner),
    (SELECT coalesce(max(started), 0) FROM jobs s WHERE s.owner = waiting.owner),
    owner
  LIMIT 1
) ORDER BY priority DESC, number LIMIT 1
"""  # noqa: S608  the columns are ours
TURNS = """
SELECT owner, count(*),
  (SELECT count(*) FROM jobs r WHERE r.status = 'running' AND r.owner = w.owner),
  (SELECT coalesce(max(started), 0) FROM jobs s WHERE s.owner = w.owner)
FROM jobs w WHERE status = 'queued' GROUP BY owner
"""


@contextmanager
def storage_errors() -> Iterator[None]:
    """StorageFull where SQLite says that the disk is full."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_FULL", "SQLITE_IOERR")):
            raise StorageFull("the disk is full: nothing was accepted", RETRY_AFTER) from error
        if "disk is full" in str(error):  # Python 3.10 knows no names of errors
            raise StorageFull("the disk is full: nothing was accepted", RETRY_AFTER) from error
        raise


def connect(path: Path, synchronous: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    return connection


def jobs_where(connection: sqlite3.Connection, where: str, *values: object) -> list[Job]:
    rows = connection.execute(f"SELECT {COLUMNS} FROM jobs {where}", values)  # noqa: S608  ours
    return [_job(row) for row in rows]


def job_where(connection: sqlite3.Connection, where: str, *values: object) -> Job | None:
    return next(iter(jobs_where(connection, where, *values)), None)


def _job(row: Sequence[Any]) -> Job:
    number, job_id, owner, status, priority, request, *times, attempt, failures = row[:11]
    cancel_wanted, revision, progress, exit_code, error, facts, tells = row[11:]
    created, started, ended = times
    return Job(
        *(number, job_id, owner, status, priority, Request.from_json(request)),
        *(created, started, ended, attempt, failures, bool(cancel_wanted), revision),
        *(JobProgress(*json.loads(progress)), exit_code, error, json.loads(facts), tells),
    )


def cancel_job(connection: sqlite3.Connection, job: Job) -> None:
    if job.status == QUEUED:
        stop_job(connection, job.number)
        return
    connection.execute(
        "UPDATE jobs SET cancel_wanted = 1, revision = revision + 1 WHERE number = ?",
        (job.number,),
    )


def stop_job(connection: sqlite3.Connection, number: int) -> None:
    """End a job that waits."""
    connection.execute(
        "UPDATE jobs SET status = ?, ended = ?, exit_code = ?, error = 'canceled',"
        " revision = revision + 1 WHERE number = ?",
        (STOPPED, time.time(), CANCELED, number),
    )
