"""The queue as one table of SQLite, in WAL mode."""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from base.errors import OutputError
from service.errors import KeyReused, QueueFull, StorageFull
from service.job import (
    FAILED,
    QUEUED,
    RUNNING,
    STOPPED,
    Draft,
    Ending,
    Job,
    JobProgress,
    Request,
    code_of,
)
from service.queue import Depth, Lease
from service.turns import Turn, jobs_before
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
Changed = Callable[[str], None]


class SqliteQueue:
    """One connection for what must survive a power cut, one for signs of life."""

    def __init__(
        self,
        path: Path,
        max_queue: int,
        changed: Changed = lambda job_id: None,
        ranks: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._max_queue, self._changed = max_queue, changed  # told the id of a job that changed
        self._ranks = ranks  # of owners, 0 where none is named
        self._lock = threading.Lock()
        self._durable = _connection(path, "FULL")
        self._quick = _connection(path, "NORMAL")
        (version,) = self._durable.execute("PRAGMA user_version").fetchone()
        if version not in (0, VERSION):
            self.close()
            raise OutputError(f"{path}: made by another version; name another --data_dir")
        with self._lock, storage_errors():
            self._durable.executescript(SCHEMA)

    def submit(self, draft: Draft) -> tuple[Job, bool]:
        with self._transaction() as connection:
            known = self._replayed(connection, draft)
            if known is not None:
                return known, True
            (waiting,) = connection.execute(
                "SELECT count(*) FROM jobs WHERE status = ?", (QUEUED,)
            ).fetchone()
            if waiting >= self._max_queue:
                raise QueueFull(f"{waiting} jobs wait: try again later", RETRY_AFTER)
            job = self._insert(connection, draft)
        self._changed(job.id)
        return job, False

    def get(self, job_id: str, owner: str | None = None) -> Job | None:
        with self._lock:
            job = _one(self._quick, "WHERE id = ?", job_id)
        return job if job is not None and owner in (None, job.owner) else None

    def page(self, owner: str, status: str | None, before: int | None, most: int) -> Sequence[Job]:
        with self._lock:
            return _all(
                self._quick,
                "WHERE owner = ? AND (? IS NULL OR status = ?) AND (? IS NULL OR number < ?)"
                " ORDER BY number DESC LIMIT ?",
                *(owner, status, status, before, before, most),
            )

    def position(self, job: Job) -> int:
        with self._lock:
            (earlier,) = self._quick.execute(
                "SELECT count(*) FROM jobs WHERE status = ? AND owner = ?"
                " AND (priority > ? OR (priority = ? AND number < ?))",
                (QUEUED, job.owner, job.priority, job.priority, job.number),
            ).fetchone()
            rows = self._quick.execute(TURNS).fetchall()
        turns = {
            owner: Turn(owner, self._ranks.get(owner, 0), running, waiting, served)
            for owner, waiting, running, served in rows
        }
        own = turns.pop(job.owner, None)  # none: it has started meanwhile
        return 0 if own is None else jobs_before(own, earlier, turns.values())

    def take(self, lease: Lease) -> Job | None:
        with self._transaction() as connection:
            row = connection.execute(NEXT, (json.dumps(dict(self._ranks)),)).fetchone()
            if row is None:
                return None
            now = time.time()
            connection.execute(
                "UPDATE jobs SET status = ?, attempt = attempt + 1, revision = revision + 1,"
                " started = ?, holder = ?, leased_until = ?, progress = '[\"\", 0, 0]'"
                " WHERE number = ?",
                (RUNNING, now, lease.holder, now + lease.seconds, row[0]),
            )
            job = _one(connection, "WHERE number = ?", row[0])
        assert job is not None
        self._changed(job.id)
        return job

    def renew(self, job: Job, lease: Lease, progress: JobProgress) -> bool:
        return self._update(
            job,
            "leased_until = ?, progress = ?",
            (time.time() + lease.seconds, json.dumps([progress.stage, progress.done, progress.of])),
            quick=True,
        )

    def end(self, job: Job, ending: Ending) -> bool:
        return self._update(
            job,
            "status = ?, ended = ?, exit_code = ?, error = ?, facts = ?, holder = NULL,"
            " leased_until = NULL",
            (
                *(ending.status, time.time(), ending.exit_code, ending.error),
                json.dumps(dict(ending.facts)),
            ),
        )

    def give_back(self, job: Job, failed: bool) -> bool:
        return self._update(
            job,
            "status = iif(cancel_wanted, ?, ?), ended = iif(cancel_wanted, ?, NULL),"
            " exit_code = iif(cancel_wanted, ?, 0), error = iif(cancel_wanted, ?, ''),"
            " failures = failures + ?, holder = NULL, leased_until = NULL",
            (STOPPED, QUEUED, time.time(), CANCELED, "canceled", int(failed)),
        )

    def cancel(self, job_id: str, owner: str) -> Job | None:
        with self._transaction() as connection:
            job = _one(connection, "WHERE id = ? AND owner = ?", job_id, owner)
            if job is None or job.has_ended:
                return job
            _cancel(connection, job)
            job = _one(connection, "WHERE id = ?", job_id)
        self._changed(job_id)
        return job

    def reclaim(self, holder: str) -> int:
        with self._transaction() as connection:
            jobs = _all(
                connection,
                "WHERE status = ? AND (holder <> ? OR leased_until < ?)",
                *(RUNNING, holder, time.time()),
            )
            for job in jobs:
                connection.execute(
                    "UPDATE jobs SET status = ?, holder = NULL, leased_until = NULL,"
                    " revision = revision + 1 WHERE number = ?",
                    (QUEUED, job.number),
                )
                if job.cancel_wanted:
                    _stop(connection, job.number)
        for job in jobs:
            self._changed(job.id)
        return len(jobs)

    def unfinished(self) -> Sequence[Job]:
        with self._lock:
            return _all(self._quick, "WHERE status IN (?, ?)", QUEUED, RUNNING)

    def depth(self) -> Depth:
        with self._lock:
            counts = self._quick.execute("SELECT status, count(*) FROM jobs GROUP BY status")
            by_status = dict(counts.fetchall())
            codes = self._quick.execute(
                "SELECT exit_code, count(*) FROM jobs WHERE status = ? GROUP BY exit_code",
                (FAILED,),
            ).fetchall()
            (oldest,) = self._quick.execute(
                "SELECT min(created) FROM jobs WHERE status = ?", (QUEUED,)
            ).fetchone()
        by_code: dict[str, int] = {}
        for exit_code, count in codes:
            by_code[code_of(exit_code)] = by_code.get(code_of(exit_code), 0) + count
        return Depth(by_status, by_code, 0.0 if oldest is None else max(0.0, time.time() - oldest))

    def ended_before(self, moment: float, most: int) -> Sequence[Job]:
        with self._lock:
            return _all(self._quick, "WHERE ended < ? ORDER BY ended LIMIT ?", moment, most)

    def forget(self, job: Job) -> None:
        with self._transaction() as connection:
            connection.execute(
                "DELETE FROM jobs WHERE number = ? AND ended IS NOT NULL", (job.number,)
            )

    def untold(self, moment: float, most: int) -> Sequence[Job]:
        with self._lock:
            where = "WHERE webhook_due <= ? AND ended IS NOT NULL ORDER BY webhook_due LIMIT ?"
            return _all(self._quick, where, moment, most)

    def note_told(self, job: Job, again_at: float | None) -> None:
        with self._transaction() as connection:
            connection.execute(
                "UPDATE jobs SET webhook_due = ?, tells = tells + 1 WHERE number = ?",
                (again_at, job.number),
            )

    def close(self) -> None:
        with self._lock:
            self._quick.close()
            self._durable.close()

    def _update(self, job: Job, changes: str, values: Sequence[Any], quick: bool = False) -> bool:
        """Change the job, where this attempt of it still runs."""
        with self._transaction(quick) as connection:
            changed = connection.execute(
                f"UPDATE jobs SET {changes}, revision = revision + 1"  # noqa: S608  ours
                " WHERE number = ? AND attempt = ? AND status = ?",
                (*values, job.number, job.attempt, RUNNING),
            ).rowcount
        if changed:
            self._changed(job.id)
        return changed == 1

    @contextmanager
    def _transaction(self, quick: bool = False) -> Iterator[sqlite3.Connection]:
        connection = self._quick if quick else self._durable
        with self._lock, storage_errors():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _replayed(self, connection: sqlite3.Connection, draft: Draft) -> Job | None:
        """The job that was accepted with this Idempotency-Key; KeyReused for another request."""
        if draft.idempotency_key is None:
            return None
        row = connection.execute(
            "SELECT number, digest FROM jobs WHERE owner = ? AND idempotency_key = ?",
            (draft.owner, draft.idempotency_key),
        ).fetchone()
        if row is None:
            return None
        if row[1] != draft.digest:
            raise KeyReused("this Idempotency-Key came with another request: take a new one")
        return _one(connection, "WHERE number = ?", row[0])

    def _insert(self, connection: sqlite3.Connection, draft: Draft) -> Job:
        job_id = secrets.token_hex(12)
        connection.execute(
            "INSERT INTO jobs (id, owner, status, priority, request, idempotency_key, digest,"
            " created, webhook_due) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(job_id, draft.owner, QUEUED, draft.priority, draft.request.as_json()),
                *(draft.idempotency_key, draft.digest, time.time()),
                None if draft.request.webhook_url is None else 0.0,
            ),
        )
        job = _one(connection, "WHERE id = ?", job_id)
        assert job is not None
        return job


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


def _connection(path: Path, synchronous: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    return connection


def _all(connection: sqlite3.Connection, where: str, *values: object) -> list[Job]:
    rows = connection.execute(f"SELECT {COLUMNS} FROM jobs {where}", values)  # noqa: S608  ours
    return [_job(row) for row in rows]


def _one(connection: sqlite3.Connection, where: str, *values: object) -> Job | None:
    return next(iter(_all(connection, where, *values)), None)


def _job(row: Sequence[Any]) -> Job:
    number, job_id, owner, status, priority, request, *times, attempt, failures = row[:11]
    cancel_wanted, revision, progress, exit_code, error, facts, tells = row[11:]
    created, started, ended = times
    return Job(
        *(number, job_id, owner, status, priority, Request.from_json(request)),
        *(created, started, ended, attempt, failures, bool(cancel_wanted), revision),
        *(JobProgress(*json.loads(progress)), exit_code, error, json.loads(facts), tells),
    )


def _cancel(connection: sqlite3.Connection, job: Job) -> None:
    if job.status == QUEUED:
        _stop(connection, job.number)
        return
    connection.execute(
        "UPDATE jobs SET cancel_wanted = 1, revision = revision + 1 WHERE number = ?",
        (job.number,),
    )


def _stop(connection: sqlite3.Connection, number: int) -> None:
    """End a job that waits."""
    connection.execute(
        "UPDATE jobs SET status = ?, ended = ?, exit_code = ?, error = 'canceled',"
        " revision = revision + 1 WHERE number = ?",
        (STOPPED, time.time(), CANCELED, number),
    )
