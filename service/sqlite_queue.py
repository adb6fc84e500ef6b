"""The queue as one table of SQLite."""

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
from service.errors import KeyReused, QueueFull
from service.job import FAILED, QUEUED, RUNNING, STOPPED, Draft, Ending, Job, JobProgress, code_of
from service.jobs_table import (
    NEXT,
    RETRY_AFTER,
    SCHEMA,
    TURNS,
    VERSION,
    cancel_job,
    connect,
    job_where,
    jobs_where,
    stop_job,
    storage_errors,
)
from service.queue import Depth, Lease
from service.turns import Turn, jobs_before
from workers.task import CANCELED

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
        self._durable = connect(path, "FULL")
        self._quick = connect(path, "NORMAL")
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
            job = job_where(self._quick, "WHERE id = ?", job_id)
        return job if job is not None and owner in (None, job.owner) else None

    def page(self, owner: str, status: str | None, before: int | None, most: int) -> Sequence[Job]:
        with self._lock:
            return jobs_where(
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
            job = job_where(connection, "WHERE number = ?", row[0])
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
            job = job_where(connection, "WHERE id = ? AND owner = ?", job_id, owner)
            if job is None or job.has_ended:
                return job
            cancel_job(connection, job)
            job = job_where(connection, "WHERE id = ?", job_id)
        self._changed(job_id)
        return job

    def reclaim(self, holder: str) -> int:
        with self._transaction() as connection:
            jobs = jobs_where(
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
                    stop_job(connection, job.number)
        for job in jobs:
            self._changed(job.id)
        return len(jobs)

    def unfinished(self) -> Sequence[Job]:
        with self._lock:
            return jobs_where(self._quick, "WHERE status IN (?, ?)", QUEUED, RUNNING)

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
            return jobs_where(self._quick, "WHERE ended < ? ORDER BY ended LIMIT ?", moment, most)

    def forget(self, job: Job) -> None:
        with self._transaction() as connection:
            connection.execute(
                "DELETE FROM jobs WHERE number = ? AND ended IS NOT NULL", (job.number,)
            )

    def untold(self, moment: float, most: int) -> Sequence[Job]:
        with self._lock:
            where = "WHERE webhook_due <= ? AND ended IS NOT NULL ORDER BY webhook_due LIMIT ?"
            return jobs_where(self._quick, where, moment, most)

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
        return job_where(connection, "WHERE number = ?", row[0])

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
        job = job_where(connection, "WHERE id = ?", job_id)
        assert job is not None
        return job
