"""Addresses: told from files' names, fetched once, delivered whole."""

import fcntl
import os
from pathlib import Path

import fsspec
import pytest

from base.errors import InputError, OutputError
from options.declaring import Role
from options.options import NO_PAGE, names_with
from tests.jobs import quick_options
from workers import addresses
from workers.addresses import (
    address_of,
    deliver,
    fetched_file,
    size_and_version,
    with_local_files,
)


@pytest.fixture
def memory():
    """The file system memory://, empty."""
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()


@pytest.fixture
def job(memory):
    """Options whose face is an address, and these."""
    memory.pipe("/a.png", b"face")

    def options(**values):
        return quick_options(**{"face": Path("memory://a.png"), "audio": Path("a.wav"), **values})

    return options


def test_an_address_is_told_from_a_file():
    for address in ("s3://bucket/a/key.mp4", "memory://a.png", "file:///tmp/a.png"):
        assert address_of(Path(address)) == address
    for name in ("a.png", "/tmp/a:/b.png", "talk: one.mp4", "c:", "./s3:b"):
        assert address_of(Path(name)) is None
    assert address_of(None) is None


def test_a_fetched_file_is_kept_until_it_changes(memory, tmp_path):
    memory.pipe("/in/ann.png", b"first")
    for content in (b"first", b"other"):
        memory.pipe("/in/ann.png", content) if content == b"other" else None
        with fetched_file("memory://in/ann.png", tmp_path) as path:
            assert (path.name, path.read_bytes()) == ("ann.png", content)
            facts = path.stat()
        with fetched_file("memory://in/ann.png", tmp_path) as again:
            assert (again, again.stat().st_ino, again.stat().st_ctime_ns) == (
                path,
                facts.st_ino,
                facts.st_ctime_ns,
            )
    assert len(list(tmp_path.iterdir())) == 2


def test_what_is_kept_is_bounded_and_what_is_in_use_stays(memory, tmp_path, monkeypatch):
    monkeypatch.setattr(addresses, "MOST_FETCHED_BYTES", 10)
    for name in "abc":
        memory.pipe(f"/{name}.png", b"12345678")
    with fetched_file("memory://a.png", tmp_path) as first:
        with fetched_file("memory://b.png", tmp_path) as second:
            assert first.exists() and second.exists()
        os.utime(first.parent, (1, 1))
        os.utime(second.parent, (2, 2))
        with fetched_file("memory://c.png", tmp_path) as third:
            assert [path.exists() for path in (first, second, third)] == [True, False, True]


def test_an_address_that_cannot_be_read_or_written_is_one_line(memory, tmp_path):
    with pytest.raises(InputError, match=r"memory://none.png: cannot be read: .*; name another"):
        fetched_file("memory://none.png", tmp_path).__enter__()
    for address in ("s3://bucket/a.png", "nosuch://a.png"):  # a package that is not there
        with pytest.raises(InputError, match=f"{address}: cannot be read: .*; name another"):
            fetched_file(address, tmp_path).__enter__()
        with pytest.raises(OutputError, match=f"{address}: cannot be written"):
            deliver(tmp_path, address)
    assert list(tmp_path.iterdir()) == []


def test_a_delivery_that_fails_leaves_what_was_there(tmp_path):
    there = tmp_path / "out" / "a.mp4"
    (tmp_path / "new").write_bytes(b"new")
    deliver(tmp_path / "new", f"file://{there}")
    with pytest.raises(OutputError):
        deliver(tmp_path / "missing", f"file://{there}")
    assert there.read_bytes() == b"new"
    assert [path.name for path in there.parent.iterdir()] == ["a.mp4"]
    assert size_and_version(f"file://{there}")[0] == 3


def test_nothing_is_delivered_where_the_work_failed(memory, job, tmp_path):
    options = job(outfile=Path("memory://o/b.mp4"), cache_dir=tmp_path, no_cache=False)
    with pytest.raises(FileNotFoundError), with_local_files(options) as local:
        local.outfile.write_bytes(b"half")
        assert local.face.read_bytes() == b"face"
        raise FileNotFoundError
    assert not memory.exists("/o/b.mp4")
    with with_local_files(options) as local:
        local.outfile.write_bytes(b"whole")
    assert memory.cat("/o/b.mp4") == b"whole"
    (entry,) = (tmp_path / "fetched").iterdir()
    lock = os.open(entry, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody holds it any more
    os.close(lock)


def test_every_file_that_is_read_or_written_may_be_an_address(memory, job):
    """The local files have the addresses' names, which may stand in a page or a message."""
    suffixes = {"outfile": "mp4", "report": "json", "quality": "html", "subtitles": "srt"}
    suffixes |= {"speech_file": "wav", "stream": "mp4"}
    written = {name: Path(f"memory://o/{name}.{suffixes[name]}") for name in suffixes}
    assert set(written) == set(names_with(Role.WRITTEN))
    with with_local_files(job(**written, transcribe=Path("model"))) as local:
        for name, address in written.items():
            path = getattr(local, name)
            assert path.is_absolute() and path.name == address.name
            path.write_text(name)
    assert {name: memory.cat(f"/o/{written[name].name}") for name in written} == {
        name: name.encode() for name in written
    }


def test_what_was_not_written_is_not_delivered(memory, job):
    """A result that cannot be measured has no page."""
    addresses = {"outfile": Path("memory://o/a.mp4"), "quality": Path("memory://o/a.html")}
    with with_local_files(job(**addresses)) as local:
        local.outfile.write_bytes(b"video")
    assert memory.ls("/o", detail=False) == ["/o/a.mp4"]


def test_a_verdict_without_a_page_stays_one(job):
    with with_local_files(job(quality=NO_PAGE)) as local:
        assert local.quality == NO_PAGE


def test_files_stay_as_they_are(job):
    options = job(face=Path("a.png"), quality=Path("q.html"))
    with with_local_files(options) as local:
        assert local is options
