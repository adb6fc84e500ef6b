"""Addresses: told from files' names, fetched once, delivered whole."""

import fcntl
import os
from dataclasses import replace
from pathlib import Path

import fsspec
import pytest

from base.errors import InputError, OutputError
from command.flags import parsed
from tests.batch.conftest import QUICK
from workers import addresses as places
from workers.addresses import address_of, brought, deliver, facts_of, fetched


@pytest.fixture
def memory():
    """The file system memory://, empty."""
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()


def test_an_address_is_told_from_a_file():
    for address in ("s3://bucket/a/key.mp4", "memory://a.png", "file:///tmp/a.png"):
        assert address_of(Path(address)) == address
    for name in ("a.png", "/tmp/a:/b.png", "talk: one.mp4", "c:", "./s3:b"):
        assert address_of(Path(name)) is None
    assert address_of(None) is None


def test_what_is_fetched_is_kept_until_it_changes(memory, tmp_path):
    memory.pipe("/in/ann.png", b"first")
    for content in (b"first", b"other"):
        memory.pipe("/in/ann.png", content) if content == b"other" else None
        with fetched("memory://in/ann.png", tmp_path) as one:
            assert (one.name, one.read_bytes()) == ("ann.png", content)
            facts = one.stat()
        with fetched("memory://in/ann.png", tmp_path) as again:
            assert (again, again.stat().st_ino, again.stat().st_ctime_ns) == (
                one,
                facts.st_ino,
                facts.st_ctime_ns,
            )
    assert len(list(tmp_path.iterdir())) == 2


def test_what_is_kept_is_bounded_and_never_taken_from_who_uses_it(memory, tmp_path, monkeypatch):
    monkeypatch.setattr(places, "MOST_BYTES", 10)
    for name in "abc":
        memory.pipe(f"/{name}.png", b"12345678")
    with fetched("memory://a.png", tmp_path) as first:
        with fetched("memory://b.png", tmp_path) as second:
            assert first.exists() and second.exists()
        os.utime(first.parent, (1, 1))
        os.utime(second.parent, (2, 2))
        with fetched("memory://c.png", tmp_path) as third:
            assert [path.exists() for path in (first, second, third)] == [True, False, True]


def test_a_place_that_cannot_be_read_or_written_is_told_in_one_line(memory, tmp_path):
    with pytest.raises(InputError, match=r"memory://none.png: cannot be read: .*; name another"):
        fetched("memory://none.png", tmp_path).__enter__()
    for address in ("s3://bucket/a.png", "nosuch://a.png"):  # a package that is not there
        with pytest.raises(InputError, match=f"{address}: cannot be read: .*; name another"):
            fetched(address, tmp_path).__enter__()
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
    assert facts_of(f"file://{there}")[0] == 3


def test_nothing_is_delivered_where_the_work_failed(memory, tmp_path):
    memory.pipe("/a.png", b"face")
    words = ("--face", "memory://a.png", "--audio", "a.wav", "--outfile", "memory://o/b.mp4")
    options = replace(parsed([*QUICK, *words])[0], no_cache=False, cache_dir=tmp_path)
    with pytest.raises(FileNotFoundError), brought(options) as here:
        here.outfile.write_bytes(b"half")
        assert here.face.read_bytes() == b"face"
        raise FileNotFoundError
    assert not memory.exists("/o/b.mp4")
    with brought(options) as here:
        here.outfile.write_bytes(b"whole")
    assert memory.cat("/o/b.mp4") == b"whole"
    (entry,) = (tmp_path / "fetched").iterdir()
    lock = os.open(entry, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody holds it any more
    os.close(lock)


def test_the_batch_works_from_and_to_addresses(batch, inputs, tmp_path):
    there = f"file://{tmp_path}/there"
    manifest = tmp_path / "jobs.csv"
    rows = (f"file://{inputs}/ann.png,one,a.mp4", f"file://{inputs}/bob.png,one,{there}/b.mp4")
    lines = [row.replace(",one,", f",file://{inputs}/one.wav,") for row in rows]
    manifest.write_text("\n".join(["face,audio,outfile", *lines]))
    for status in ("done", "kept"):
        ended = batch("--manifest", manifest, "--workers", 1)
        assert ended.code == 0, ended.errors
        assert ended.column("status") == {"a.mp4": status, f"{there}/b.mp4": status}
    assert ended.column("face")["a.mp4"] == f"file://{inputs}/ann.png"
    plain = batch("--faces", "*.png", "--audios", "one.wav", "--out_template", "{face}.mp4")
    assert plain.code == 0
    for name, same in (("b", tmp_path / "there" / "b.mp4"), ("a", plain.out / "a.mp4")):
        other = plain.out / {"a": "ann.mp4", "b": "bob.mp4"}[name]
        assert same.read_bytes() == other.read_bytes()
    assert ended.hidden == []
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["b.mp4"]


def test_the_folder_of_the_videos_may_be_an_address(batch, inputs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    face, sound = inputs / "ann.png", inputs / "one.wav"
    there = f"file://{tmp_path}/there"
    ended = batch("--face", face, "--audio", sound, "--out_dir", there)
    assert ended.code == 0, ended.errors
    assert ended.errors[-1].endswith(f"in {there}")
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["ann_one.mp4"]
    assert len(list((tmp_path / "results" / "batch").glob("file-*/summary.json"))) == 1
