"""The queue: nothing accepted is lost, nobody waits for ever, and every job ends once."""

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from random import Random

import pytest

from base.errors import OutputError
from service.errors import KeyReused, QueueFull, StorageFull
from service.job import FAILED, QUEUED, RUNNING, STOPPED, SUCCEEDED, Draft, Ending, Request
from service.job import JobProgress as Progress
from service.queue import Lease
from service.sqlite_queue import SqliteQueue
from tests.jobs import ROOT

LEASE = Lease("server", 60)
DONE = Ending(SUCCEEDED, facts={"frames": 5})

# accepts a job, says so, takes it and dies at once
KILLED = """
import os, signal, sys
from pathlib import Path
from service.job import Draft, Request
from service.queue import Lease
from service.sqlite_queue import SqliteQueue
queue = SqliteQueue(Path(sys.argv[1]), 10)
for _ in range(3):
    print(queue.submit(Draft("ann", Request(options={"crf": 20})))[0].id, flush=True)
queue.take(Lease("dead", 3600))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def queue(tmp_path):
    with closing(SqliteQueue(tmp_path / "queue.db", 50)) as queue:
        yield queue


def draft(owner="ann", **values):
    return Draft(owner, Request(options={"crf": 20}), **values)


def order(queue):
    """The jobs' ids in the order in which they are taken."""
    ids = []
    while job := queue.take(LEASE):
        ids.append(job.id)
        queue.end(job, DONE)
    return ids


def test_a_job_goes_from_queued_to_its_end(queue):
    job, replayed = queue.submit(draft())
    assert (job.status, job.attempt, replayed, queue.position(job)) == (QUEUED, 0, False, 0)
    assert job.request == Request(options={"crf": 20})
    running = queue.take(LEASE)
    assert (running.id, running.status, running.attempt) == (job.id, RUNNING, 1)
    assert queue.renew(running, LEASE, Progress("frames", 3, 10))
    seen = queue.get(job.id, "ann")
    assert seen.progress == Progress("frames", 3, 10) and seen.revision > running.revision
    assert queue.end(running, DONE)
    ended = queue.get(job.id)
    assert (ended.status, ended.facts) == (SUCCEEDED, {"frames": 5})
    assert ended.created <= ended.started <= ended.ended


def test_a_job_ends_once(queue):
    queue.submit(draft())
    first = queue.take(LEASE)
    assert queue.give_back(first, failed=True)
    second = queue.take(LEASE)
    assert (second.attempt, second.failures) == (2, 1)
    assert not queue.end(first, Ending(FAILED, 3))  # an attempt that is no longer the current one
    assert not queue.renew(first, LEASE, Progress())
    assert queue.end(second, DONE) and not queue.end(second, Ending(FAILED, 3))
    assert queue.get(first.id).status == SUCCEEDED


def test_what_was_accepted_survives_a_kill(tmp_path):
    path = tmp_path / "queue.db"
    ran = subprocess.run(
        [sys.executable, "-c", KILLED, path], cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == -9, ran.stderr
    with closing(SqliteQueue(path, 10)) as queue:
        accepted = ran.stdout.split()
        assert [queue.get(job_id).status for job_id in accepted] == [RUNNING, QUEUED, QUEUED]
        assert queue.reclaim("server") == 1 and queue.reclaim("server") == 0
        assert order(queue) == accepted
        assert queue.get(accepted[0]).failures == 0  # it was not the job's fault


def test_a_lease_that_has_run_out_is_reclaimed(queue):
    queue.submit(draft())
    queue.take(replace(LEASE, seconds=-1))
    assert queue.reclaim("server") == 1 and queue.take(LEASE).attempt == 2


def test_the_queue_is_bounded(tmp_path):
    with closing(SqliteQueue(tmp_path / "queue.db", 2)) as queue:
        queue.submit(draft())
        queue.submit(draft())
        with pytest.raises(QueueFull) as full:
            queue.submit(draft("bob"))
        assert full.value.retry_after
        queue.take(LEASE)
        queue.submit(draft("bob"))


def test_owners_take_turns_and_priority_counts_among_ones_own(queue):
    ann = [queue.submit(draft(priority=100))[0].id for _ in range(3)]
    bob = [queue.submit(draft("bob", priority=p))[0].id for p in (0, -1, 5)]
    assert order(queue) == [ann[0], bob[2], ann[1], bob[0], ann[2], bob[1]]


def test_who_has_most_running_waits(queue):
    for owner in ("ann", "ann", "ann", "bob"):
        queue.submit(draft(owner))
    assert [queue.take(LEASE).owner for _ in range(4)] == ["ann", "bob", "ann", "ann"]


def test_a_key_of_a_higher_rank_comes_first(tmp_path):
    with closing(SqliteQueue(tmp_path / "queue.db", 9, ranks={"bob": 1, "eve": -1})) as queue:
        ids = [queue.submit(draft(owner))[0].id for owner in ("eve", "ann", "bob", "bob")]
        assert order(queue) == [ids[2], ids[3], ids[1], ids[0]]


@pytest.mark.parametrize("seed", range(8))
def test_a_position_says_how_many_start_before(tmp_path, seed):
    """Whatever runs and waits, as long as nothing ends."""
    random = Random(seed)
    owners = ["ann", "bob", "eve", "kim"]
    ranks = {"bob": random.choice([0, 0, 1])}
    with closing(SqliteQueue(tmp_path / "queue.db", 99, ranks=ranks)) as queue:
        for _ in range(random.randrange(12)):  # run already
            queue.submit(draft(random.choice(owners)))
            queue.take(LEASE)
        jobs = [
            queue.submit(draft(random.choice(owners), priority=random.choice([0, 0, 5])))[0]
            for _ in range(20)
        ]
        told = sorted((queue.position(job), job.id) for job in jobs)
        assert [position for position, _ in told] == list(range(20))
        assert [job_id for _, job_id in told] == [queue.take(LEASE).id for _ in jobs]


def test_the_same_request_again_is_the_same_job(queue):
    job, _ = queue.submit(draft(idempotency_key="k", digest="one"))
    assert queue.submit(draft(idempotency_key="k", digest="one")) == (job, True)
    with pytest.raises(KeyReused):
        queue.submit(draft(idempotency_key="k", digest="two"))
    other, replayed = queue.submit(draft("bob", idempotency_key="k", digest="two"))
    assert not replayed and other.id != job.id


def test_a_job_that_waits_is_canceled_at_once_and_one_that_runs_is_marked(queue):
    job, _ = queue.submit(draft())
    assert queue.cancel(job.id, "bob") is None
    assert queue.cancel(job.id, "ann").status == STOPPED
    assert queue.take(LEASE) is None
    other, _ = queue.submit(draft())
    running = queue.take(LEASE)
    marked = queue.cancel(other.id, "ann")
    assert marked.status == RUNNING and marked.cancel_wanted
    assert queue.give_back(running, failed=False)  # as when the server ends meanwhile
    assert queue.get(other.id).status == STOPPED and queue.take(LEASE) is None
    assert queue.cancel(other.id, "ann").revision == queue.get(other.id).revision


def test_a_canceled_job_of_a_dead_server_is_not_done_again(queue):
    job, _ = queue.submit(draft())
    queue.take(Lease("dead", 3600))
    queue.cancel(job.id, "ann")
    queue.reclaim("server")
    assert queue.get(job.id).status == STOPPED


def test_pages_go_from_new_to_old_and_show_ones_own(queue):
    ids = [queue.submit(draft())[0].id for _ in range(5)]
    queue.submit(draft("bob"))
    first = queue.page("ann", None, None, 2)
    second = queue.page("ann", None, first[-1].number, 9)
    assert [job.id for job in (*first, *second)] == ids[::-1]
    queue.take(LEASE)
    assert [job.id for job in queue.page("ann", RUNNING, None, 9)] == [ids[0]]


def test_it_knows_its_depth(queue):
    for _ in range(3):
        queue.submit(draft())
    queue.end(queue.take(LEASE), Ending(FAILED, 139, "lost"))
    depth = queue.depth()
    assert depth.by_status == {QUEUED: 2, FAILED: 1}
    assert depth.ended_by_code == {"worker_lost": 1}
    assert 0 < depth.oldest_seconds < 60


def test_only_what_has_ended_is_forgotten(queue):
    job, _ = queue.submit(draft())
    queue.forget(job)
    queue.end(queue.take(LEASE), DONE)
    ended = queue.get(job.id)
    assert [j.id for j in queue.ended_before(ended.ended + 1, 9)] == [job.id]
    assert queue.ended_before(ended.ended - 1, 9) == []
    queue.forget(ended)
    assert queue.get(job.id) is None


def test_a_full_disk_is_told_and_nothing_is_half_accepted(queue):
    pages = queue._durable.execute("PRAGMA page_count").fetchone()[0]
    queue._durable.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageFull):
        for _ in range(50):
            queue.submit(Draft("ann", Request(user_data="x" * 4000)))
    accepted = queue.page("ann", None, None, 99)
    queue._durable.execute("PRAGMA max_page_count = 100000")
    queue.submit(draft())
    assert len(queue.page("ann", None, None, 99)) == len(accepted) + 1


def test_each_change_is_told(tmp_path):
    changed = []
    with closing(SqliteQueue(tmp_path / "queue.db", 9, changed.append)) as queue:
        job, _ = queue.submit(draft(idempotency_key="k"))
        queue.submit(draft(idempotency_key="k"))
        running = queue.take(LEASE)
        queue.end(running, DONE)
        queue.end(running, DONE)
    assert changed == [job.id] * 3


def test_many_threads_take_every_job_once(queue):
    ids = {queue.submit(draft(f"owner{i % 3}"))[0].id for i in range(40)}
    taken = []

    def work():
        while job := queue.take(LEASE):
            taken.append(job.id)
            queue.end(job, DONE)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 40 and set(taken) == ids


def test_a_queue_of_another_version_is_left_alone(tmp_path):
    with closing(SqliteQueue(tmp_path / "queue.db", 9)) as queue:
        queue._durable.execute("PRAGMA user_version = 99")
    with pytest.raises(OutputError, match="another version"):
        SqliteQueue(tmp_path / "queue.db", 9)


def test_the_index_serves_the_next_job(queue):
    """Also with many thousands of jobs that have ended."""
    plan = queue._quick.execute(
        "EXPLAIN QUERY PLAN SELECT count(*) FROM jobs WHERE status = 'queued'"
    ).fetchall()
    assert "by_status" in str(plan)
    assert queue._quick.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert isinstance(queue._durable, sqlite3.Connection)
    assert queue._durable.execute("PRAGMA synchronous").fetchone() == (2,)
