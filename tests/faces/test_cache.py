"""The cache returns sightings exactly as they were stored, or nothing."""

import os
import pickle
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from base.cache import new_entry
from base.geometry import Box
from faces import cache
from faces.cache import CachedSightings, Entry, file_stamp, read, store
from faces.sightings import TABLE, Sighting, Sightings
from faces.track import TrackSettings, follow_in_box, follow_person
from faces.view import View
from tests.faces.scenes import GREEN, RED, RectangleDetector, face_at, painted

ROOT = Path(__file__).parents[2]
NAME = "0123456789abcdef" * 2
SIGHTINGS = Sightings.of(
    Sighting(face_at(100 + i / 3, 80, 40 + i / 7, 0.9), i in (0, 5), i % 3)
    if i % 4
    else Sighting(None, False, i)
    for i in range(12)
)


def first(count, sightings=SIGHTINGS):
    return Sightings(sightings.table[:count])


@pytest.fixture
def entry(tmp_path):
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"frames")
    return Entry(tmp_path / "tracks" / NAME, clip, file_stamp(clip))


def test_sightings_are_read_as_they_were_stored(entry):
    """To the bit, also for a face outside the picture."""
    sightings = Sightings.of([*SIGHTINGS, Sighting(face_at(-20.1, 1 / 3, 55.5, 1.0), False)])
    store(entry, sightings, ended=False)
    assert read(entry, len(sightings)) == sightings


def test_a_longer_entry_serves_a_shorter_sound(entry):
    store(entry, SIGHTINGS, ended=False)
    assert read(entry, 5) == first(5)


def test_a_shorter_entry_serves_only_if_the_clip_ends_there(entry):
    store(entry, SIGHTINGS, ended=False)
    assert read(entry, len(SIGHTINGS) + 1) is None
    store(entry, SIGHTINGS, ended=True)
    assert read(entry, len(SIGHTINGS) + 1) == SIGHTINGS


def test_the_longer_entry_stays(entry):
    """No matter which run ends last."""
    store(entry, first(8), ended=False)
    store(entry, SIGHTINGS, ended=False)
    store(entry, first(8), ended=False)
    assert read(entry, len(SIGHTINGS)) == SIGHTINGS


@pytest.mark.parametrize("fixed_box", [False, True])
def test_a_sighting_depends_on_no_later_picture(fixed_box):
    """Else the start of an entry for a long sound could not serve a shorter one."""
    pictures = [painted((RED, 60 + 9 * i, 120, 60), (GREEN, 260, 100, 50)) for i in range(9)]
    pictures += [painted(ground=200) for _ in range(7)]
    pictures += [painted((GREEN, 150 - i, 90, 50), ground=60) for i in range(8)]

    views = [View.of(picture) for picture in pictures]

    def sightings(count):
        if fixed_box:
            return [
                *follow_in_box(Box(60, 180, 60, 180), views[:count], RectangleDetector(jitter=0.01))
            ]
        return [
            *follow_person(views[:count], RectangleDetector(jitter=0.01), TrackSettings(stride=3))
        ]

    complete = sightings(len(pictures))
    assert any(s.face for s in complete) and any(s.starts_shot for s in complete[1:])
    for count in range(1, len(pictures), 4):
        assert sightings(count) == complete[:count]


def encoded(name, content):
    return b"".join(cache._encode(name, content))


def entry_with(records):
    """The bytes of an entry with a right checksum and these records, which are not checked."""
    sightings = SimpleNamespace(table=np.array(records, records[0].dtype if records else TABLE))
    return encoded(NAME, SimpleNamespace(sightings=sightings, ended=True))


def row(place=None, **numbers):
    """A valid record, except for these columns and the place of its lips."""
    valid = SIGHTINGS.table[1].copy()
    for column, number in numbers.items():
        valid["row"][COLUMN[column]] = number
    if place is not None:
        valid["place"] = place
    return valid


COLUMN = {"starts_shot": 0, "people": 1, "covered": 2, "score": 3, "top": 4, "left": 6, "nose": 12}
BAD_ROWS = {
    "not a number": [row(left=np.nan)],
    "infinite": [row(nose=np.inf)],
    "far from any picture": [row(nose=1e9)],
    "an empty box": [row(top=1000)],
    "a score above 1": [row(score=7)],
    "a flag that is neither 0 nor 1": [row(starts_shot=0.5)],
    "a negative number of people": [row(people=-1)],
    "a number of people that is NaN": [row(people=np.nan)],
    "covered by 2": [row(covered=2)],
    "lips at no place": [row(place=(5, np.inf, 1))],
    "lips far from any picture": [row(place=(5, 1e9, 1))],
    "lips of no size": [row(place=(5, 5, 0))],
    "half a place": [row(place=(np.nan, 5, 1))],
    "rows of another length": [row()["row"][:-1]],
    "no row": [],
}
DAMAGES = {
    **{name: lambda data, rows=rows: entry_with(rows) for name, rows in BAD_ROWS.items()},
    "cut off": lambda data: data[:-40],
    "cut to a whole row": lambda data: data[: -TABLE.itemsize],
    "cut to its magic number": lambda data: data[: len(cache.MAGIC)],
    "empty": lambda data: b"",
    "longer": lambda data: data + bytes(TABLE.itemsize),
    "a bit flipped": lambda data: data[:200] + bytes([data[200] ^ 4]) + data[201:],
    "ended flipped": lambda data: data.replace(b"\0", b"\1", 1),
    "another layout": lambda data: data.replace(cache.MAGIC, b"sightings 0\n"),
    "another clip's": lambda data: encoded("f" * 32, CachedSightings(first(2), True)),
    "text": lambda data: b"<!DOCTYPE html>" * 100,
    "a pickle": lambda data: pickle.dumps(Bomb()),
    "numpy's, a huge shape": lambda data: (
        b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', "
        b"'fortran_order': False, 'shape': (999999999999, 18)}"
    ),
}


class Bomb:
    def __reduce__(self):
        return exec, ("raise SystemExit('a pickle was run')",)


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_or_foreign_entry_is_removed(name, entry):
    store(entry, SIGHTINGS, ended=False)
    intact = entry.path.read_bytes()
    damaged = DAMAGES[name](intact)
    assert damaged != intact
    entry.path.write_bytes(damaged)
    assert read(entry, 1) is None
    assert not entry.path.exists()
    store(entry, SIGHTINGS, ended=False)
    assert entry.path.read_bytes() == intact


@pytest.mark.parametrize("kind", ["folder", "pipe", "gigabytes", "link to nothing"])
def test_anything_else_under_an_entry_s_name_is_removed(kind, entry):
    """Without waiting at a pipe, or reading a file too large for an entry."""
    entry.path.parent.mkdir()
    if kind == "folder":
        (entry.path / "more").mkdir(parents=True)
    elif kind == "pipe":
        os.mkfifo(entry.path)
    elif kind == "gigabytes":
        entry.path.touch()
        os.truncate(entry.path, 2**40)
    else:
        entry.path.symlink_to("nothing")
    assert read(entry, 1) is None
    store(entry, SIGHTINGS, ended=False)
    assert read(entry, len(SIGHTINGS)) == SIGHTINGS


def test_the_sightings_of_a_clip_that_changed_meanwhile_are_not_stored(entry):
    entry.clip.write_bytes(b"other frames")
    store(entry, SIGHTINGS, ended=False)
    entry.clip.unlink()
    store(entry, SIGHTINGS, ended=False)
    assert not entry.path.exists()


def test_without_a_usable_folder_nothing_is_stored(entry):
    entry.path.parent.write_text("a file where the folder should be")
    assert read(entry, 1) is None
    store(entry, SIGHTINGS, ended=False)
    assert entry.path.parent.read_text() == "a file where the folder should be"


@contextmanager
def as_nobody():
    """A context in which file permissions apply to root, too."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_read_only_folder_is_read(entry):
    with tempfile.TemporaryDirectory() as shared:
        Path(shared).chmod(0o755)
        stored = replace(entry, path=Path(shared) / "tracks" / NAME)
        store(stored, SIGHTINGS, ended=False)
        missing = replace(stored, path=stored.path.with_name("f" * 32))
        stored.path.parent.chmod(0o555)
        try:
            with as_nobody():
                assert read(stored, len(SIGHTINGS)) == SIGHTINGS
                assert read(missing, 1) is None
                store(missing, SIGHTINGS, ended=False)
            assert [path.name for path in stored.path.parent.iterdir()] == [NAME]
            stored.path.write_bytes(b"damaged")
            with as_nobody():
                assert read(stored, 1) is None
        finally:
            stored.path.parent.chmod(0o755)


def test_the_most_recently_used_entries_stay(entry, monkeypatch):
    monkeypatch.setattr(cache, "MAX_ENTRIES", 2)
    entries = [replace(entry, path=entry.path.with_name(f"{n:032x}")) for n in range(3)]
    for age, old in zip((20, 10), entries, strict=False):
        store(old, SIGHTINGS, ended=True)
        os.utime(old.path, (1e9 - age, 1e9 - age))
    read(entries[0], 1)
    store(entries[2], SIGHTINGS, ended=True)
    assert [e.path.exists() for e in entries] == [True, False, True]


def test_the_entries_take_a_limited_number_of_bytes(entry, monkeypatch):
    monkeypatch.setattr(cache, "MAX_BYTES", 20_000)
    for number in range(6):
        store(replace(entry, path=entry.path.with_name(f"{number:032x}")), SIGHTINGS, ended=True)
    sizes = [path.stat().st_size for path in entry.path.parent.iterdir()]
    assert len(sizes) < 6 and sizes and sum(sizes) <= 20_000


WRITER = """
import sys
from pathlib import Path
from types import SimpleNamespace
from faces.cache import Entry, file_stamp, store
from tests.faces.test_cache import MANY, first
clip, path = map(Path, sys.argv[1:])
entry = Entry(path, clip, file_stamp(clip))
for count in range(1, len(MANY) + 1):
    store(entry, first(count, MANY), ended=False)
"""
MANY = Sightings.of(Sighting(face_at(100 + i, 80, 40), i == 0) for i in range(60))


def test_two_runs_may_write_at_once(entry):
    """A reader meanwhile gets a whole entry or none, and the longest stays."""
    command = [sys.executable, "-c", WRITER, str(entry.clip), str(entry.path)]
    writers = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
    while any(writer.poll() is None for writer in writers):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cache, "remove", lambda path: pytest.fail("an entry was incomplete"))
            sightings = read(entry, 1)
        assert sightings in (None, first(1, MANY))
    assert [writer.returncode for writer in writers] == [0, 0]
    assert read(entry, len(MANY)) == MANY
    assert [path.name for path in entry.path.parent.iterdir()] == [NAME]


def test_an_interrupted_write_leaves_the_old_entry(entry):
    store(entry, first(3), ended=False)
    with pytest.raises(KeyboardInterrupt), new_entry(entry.path) as place:
        place.write_bytes(b"half")
        raise KeyboardInterrupt
    assert read(entry, 3) == first(3)
