"""What is kept, and what goes first."""

import io
import os
import time
from argparse import ArgumentTypeError
from contextlib import closing

import pytest

from service.assets import Assets
from service.attempts import Workshop
from service.avatars import Avatars
from service.job import SUCCEEDED, Draft, Ending, Request
from service.keeping import Keep, Keeper, parse_keep
from service.queue import Lease
from service.sqlite_queue import SqliteQueue

HOUR = 3600


@pytest.fixture
def house(tmp_path):
    with closing(SqliteQueue(tmp_path / "queue.db", 99)) as queue:
        yield Keeper(Keep(), queue, Workshop(tmp_path), Assets(tmp_path, 10**6), Avatars(tmp_path))


def keeper(house, **values):
    return Keeper(Keep(**values), house.queue, house.workshop, house.assets, house.avatars)


def job_of(house, size=10, **files):
    """A job that has ended, with a result of so many bytes."""
    house.queue.submit(Draft("ann", Request(files=files)))
    job = house.queue.take(Lease("server", 60))
    house.workshop.folder(job).mkdir(parents=True)
    house.workshop.result(job).write_bytes(b"x" * size)
    house.queue.end(job, Ending(SUCCEEDED))
    return job


def asset_of(house, content, hours=0):
    """An asset that was used last so many hours ago."""
    asset = house.assets.add("ann", "face.png", io.BytesIO(content))
    os.utime(asset.path, (time.time() - hours * HOUR,) * 2)
    return asset


@pytest.mark.parametrize(
    ("text", "keep"),
    [
        ("2h,5MB", Keep(7200, 5e6)),
        ("1.5d", Keep(129_600)),
        ("3gb", Keep(bytes=3e9)),
        ("30m", Keep(1800)),
    ],
)
def test_ages_and_sizes_are_read(text, keep):
    assert parse_keep(text) == keep


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "7d;5MB", "many"])
def test_other_words_are_none(text):
    with pytest.raises(ArgumentTypeError):
        parse_keep(text)


def test_old_results_go_with_their_jobs(house):
    job = job_of(house)
    keeper(house, seconds=HOUR).sweep()
    assert house.queue.get(job.id) and house.workshop.result(job).exists()
    keeper(house, seconds=0).sweep()
    assert house.queue.get(job.id) is None and not house.workshop.result(job).exists()


def test_of_too_much_the_oldest_goes(house):
    jobs = [job_of(house, size=1000) for _ in range(3)]
    keeper(house, bytes=2500).sweep()
    assert [house.queue.get(job.id) is not None for job in jobs] == [False, True, True]


def test_assets_are_kept_while_they_are_used(house):
    old, avatar, waiting, fresh = (
        asset_of(house, name, hours)
        for name, hours in ((b"old", 99), (b"avatar", 99), (b"waiting", 99), (b"fresh", 0))
    )
    house.avatars.add("ann", "Ann", avatar.path, "job")
    house.queue.submit(Draft("ann", Request(files={"face": str(waiting.path)})))
    keeper(house, seconds=HOUR).sweep()
    left = set(house.assets.files())
    assert left == {avatar.path, waiting.path, fresh.path} and not old.path.exists()


def test_of_too_much_assets_go_before_results(house):
    asset, job = asset_of(house, b"x" * 1000, hours=1), job_of(house, size=1000)
    keeper(house, bytes=1500).sweep()
    assert not asset.path.exists() and house.queue.get(job.id) is not None
