"""Sightings between runs: equal, or not there."""

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
from faces.cache import Entry, Kept, keep, read, stamp_of
from faces.sightings import COLUMNS, Sighting, Sightings
from faces.track import TrackSettings, followed, held
from tests.faces.scenes import GREEN, RED, Painted, face_at, painted

ROOT = Path(__file__).parents[2]
NAME = "0123456789abcdef" * 2
SEEN = Sightings.of(
    Sighting(face_at(100 + i / 3, 80, 40 + i / 7, 0.9), i in (0, 5), i % 3)
    if i % 4
    else Sighting(None, False, i)
    for i in range(12)
)


def first(count, seen=SEEN):
    return Sightings(seen.rows[:count])


@pytest.fixture
def entry(tmp_path):
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"frames")
    return Entry(tmp_path / "tracks" / NAME, clip, stamp_of(clip))


def test_what_is_read_is_what_was_kept(entry):
    """To the last bit, also what lies outside the picture."""
    seen = Sightings.of([*SEEN, Sighting(face_at(-20.1, 1 / 3, 55.5, 1.0), False)])
    keep(entry, seen, ended=False)
    assert read(entry, len(seen)) == seen


def test_a_longer_entry_serves_a_shorter_sound(entry):
    keep(entry, SEEN, ended=False)
    assert read(entry, 5) == first(5)


def test_a_shorter_entry_serves_only_if_the_clip_ends_there(entry):
    keep(entry, SEEN, ended=False)
    assert read(entry, len(SEEN) + 1) is None
    keep(entry, SEEN, ended=True)
    assert read(entry, len(SEEN) + 1) == SEEN


def test_the_longer_entry_stays(entry):
    """Whichever run ends last."""
    keep(entry, first(8), ended=False)
    keep(entry, SEEN, ended=False)
    keep(entry, first(8), ended=False)
    assert read(entry, len(SEEN)) == SEEN


@pytest.mark.parametrize("way", ["followed", "held"])
def test_what_is_seen_depends_on_no_later_picture(way):
    """Else the start of a long clip's entry would not be a short clip's."""
    pictures = [painted((RED, 60 + 9 * i, 120, 60), (GREEN, 260, 100, 50)) for i in range(9)]
    pictures += [painted(ground=200) for _ in range(7)]
    pictures += [painted((GREEN, 150 - i, 90, 50), ground=60) for i in range(8)]

    def seen(count):
        if way == "held":
            return [*held(Box(60, 180, 60, 180), pictures[:count], Painted(tremble=0.01))]
        return [*followed(pictures[:count], Painted(tremble=0.01), TrackSettings(stride=3))]

    whole = seen(len(pictures))
    assert any(one.face for one in whole) and any(one.begins for one in whole[1:])
    for count in range(1, len(pictures), 4):
        assert seen(count) == whole[:count]


def claiming(rows):
    """A whole entry by its checksum that holds these numbers."""
    return cache._packed(NAME, Unchecked(SimpleNamespace(rows=np.array(rows, np.float64)), True))


class Unchecked:
    def __init__(self, seen, ended):
        self.seen, self.ended = seen, ended


def row(**numbers):
    """One whole row but for these columns."""
    whole = SEEN.rows[1].copy()
    for column, number in numbers.items():
        whole[COLUMN[column]] = number
    return whole


COLUMN = {"begins": 0, "people": 1, "score": 2, "top": 3, "left": 5, "nose": 11}
BAD_ROWS = {
    "not a number": [row(left=np.nan)],
    "infinite": [row(nose=np.inf)],
    "far from any picture": [row(nose=1e9)],
    "an empty box": [row(top=1000)],
    "a score of no kind": [row(score=7)],
    "half a beginning": [row(begins=0.5)],
    "fewer people than none": [row(people=-1)],
    "people without a number": [row(people=np.nan)],
    "rows of another length": [row()[:-1]],
    "no row": [],
}
DAMAGES = {
    **{name: lambda whole, rows=rows: claiming(rows) for name, rows in BAD_ROWS.items()},
    "cut off": lambda whole: whole[:-40],
    "cut to a whole row": lambda whole: whole[: -8 * COLUMNS],
    "cut to its mark": lambda whole: whole[: len(cache.MARK)],
    "empty": lambda whole: b"",
    "longer": lambda whole: whole + bytes(8 * COLUMNS),
    "a bit flipped": lambda whole: whole[:200] + bytes([whole[200] ^ 4]) + whole[201:],
    "ended flipped": lambda whole: whole.replace(b"\0", b"\1", 1),
    "another layout": lambda whole: whole.replace(cache.MARK, b"sightings 0\n"),
    "another clip's": lambda whole: cache._packed("f" * 32, Kept(first(2), True)),
    "text": lambda whole: b"<!DOCTYPE html>" * 100,
    "a pickle": lambda whole: pickle.dumps(Bomb()),
    "numpy's, a huge shape": lambda whole: (
        b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', "
        b"'fortran_order': False, 'shape': (999999999999, 18)}"
    ),
}


class Bomb:
    def __reduce__(self):
        return exec, ("raise SystemExit('a pickle was run')",)


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_or_foreign_entry_is_thrown_away(name, entry):
    keep(entry, SEEN, ended=False)
    whole = entry.path.read_bytes()
    damaged = DAMAGES[name](whole)
    assert damaged != whole
    entry.path.write_bytes(damaged)
    assert read(entry, 1) is None
    assert not entry.path.exists()
    keep(entry, SEEN, ended=False)
    assert entry.path.read_bytes() == whole


@pytest.mark.parametrize("kind", ["folder", "pipe", "gigabytes", "link to nothing"])
def test_what_is_no_file_of_ours_is_thrown_away(kind, entry):
    """Without waiting at a pipe, or reading all of a file that cannot be an entry."""
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
    keep(entry, SEEN, ended=False)
    assert read(entry, len(SEEN)) == SEEN


def test_a_clip_that_changes_meanwhile_is_not_kept(entry):
    entry.clip.write_bytes(b"other frames")
    keep(entry, SEEN, ended=False)
    entry.clip.unlink()
    keep(entry, SEEN, ended=False)
    assert not entry.path.exists()


def test_a_cache_that_cannot_be_made_is_done_without(entry):
    entry.path.parent.write_text("a file where the folder should be")
    assert read(entry, 1) is None
    keep(entry, SEEN, ended=False)
    assert entry.path.parent.read_text() == "a file where the folder should be"


@contextmanager
def as_nobody():
    """Permissions hold for root, too, while this lasts."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_that_may_only_be_read(entry):
    with tempfile.TemporaryDirectory() as shared:
        Path(shared).chmod(0o755)
        kept = replace(entry, path=Path(shared) / "tracks" / NAME)
        keep(kept, SEEN, ended=False)
        missing = replace(kept, path=kept.path.with_name("f" * 32))
        kept.path.parent.chmod(0o555)
        try:
            with as_nobody():
                assert read(kept, len(SEEN)) == SEEN
                assert read(missing, 1) is None
                keep(missing, SEEN, ended=False)
            assert [path.name for path in kept.path.parent.iterdir()] == [NAME]
            kept.path.write_bytes(b"damaged")
            with as_nobody():
                assert read(kept, 1) is None
        finally:
            kept.path.parent.chmod(0o755)


def test_the_tracks_used_last_stay(entry, monkeypatch):
    monkeypatch.setattr(cache, "KEPT", 2)
    entries = [replace(entry, path=entry.path.with_name(f"{n:032x}")) for n in range(3)]
    for age, one in zip((20, 10), entries, strict=False):
        keep(one, SEEN, ended=True)
        os.utime(one.path, (1e9 - age, 1e9 - age))
    read(entries[0], 1)
    keep(entries[2], SEEN, ended=True)
    assert [one.path.exists() for one in entries] == [True, False, True]


def test_tracks_take_a_bounded_number_of_bytes(entry, monkeypatch):
    monkeypatch.setattr(cache, "KEPT_BYTES", 5000)
    for number in range(6):
        keep(replace(entry, path=entry.path.with_name(f"{number:032x}")), SEEN, ended=True)
    sizes = [path.stat().st_size for path in entry.path.parent.iterdir()]
    assert sizes and sum(sizes) <= 5000


WRITER = """
import sys
from pathlib import Path
from types import SimpleNamespace
from faces.cache import Entry, keep, stamp_of
from tests.faces.test_cache import MANY, first
clip, path = map(Path, sys.argv[1:])
entry = Entry(path, clip, stamp_of(clip))
for count in range(1, len(MANY) + 1):
    keep(entry, first(count, MANY), ended=False)
"""
MANY = Sightings.of(Sighting(face_at(100 + i, 80, 40), i == 0) for i in range(150))


def test_two_runs_that_write_at_once_do_no_harm(entry):
    """Whoever reads meanwhile sees a whole entry or none, and the longest stays."""
    words = [sys.executable, "-c", WRITER, str(entry.clip), str(entry.path)]
    writers = [subprocess.Popen(words, cwd=ROOT) for _ in range(2)]
    while any(writer.poll() is None for writer in writers):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cache, "remove", lambda path: pytest.fail("an entry was torn"))
            known = read(entry, 1)
        assert known in (None, first(1, MANY))
    assert [writer.returncode for writer in writers] == [0, 0]
    assert read(entry, len(MANY)) == MANY
    assert [path.name for path in entry.path.parent.iterdir()] == [NAME]


def test_a_run_that_is_killed_leaves_what_was_there(entry):
    keep(entry, first(3), ended=False)
    with pytest.raises(KeyboardInterrupt), new_entry(entry.path) as place:
        place.write_bytes(b"half")
        raise KeyboardInterrupt
    assert read(entry, 3) == first(3)
