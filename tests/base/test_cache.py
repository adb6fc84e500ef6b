import os
import time

import pytest

from base.cache import mark_used, new_entry, remove, remove_oldest
from base.locks import ABANDONED_AFTER

NAMES = [f"{number:032x}" for number in range(5)]
HALF_MADE = f".{7:032x}.{7:016x}"


def aged(path, seconds):
    os.utime(path, (time.time() - seconds,) * 2)
    return path


@pytest.fixture
def entries(tmp_path):
    """Five files of 100 bytes, the first used last."""
    for age, name in enumerate(NAMES):
        (tmp_path / name).write_bytes(bytes(100))
        aged(tmp_path / name, age * 60)
    return [tmp_path / name for name in NAMES]


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_an_entry_is_there_whole_or_not_at_all(tmp_path):
    entry = tmp_path / "cache" / NAMES[0]
    with new_entry(entry) as place:
        place.write_text("whole")
        assert not entry.exists()
    assert entry.read_text() == "whole" and left(entry.parent) == [NAMES[0]]
    with pytest.raises(KeyboardInterrupt), new_entry(entry) as place:
        place.write_text("half")
        raise KeyboardInterrupt
    assert entry.read_text() == "whole" and left(entry.parent) == [NAMES[0]]


def test_a_folder_is_an_entry_too(tmp_path):
    """The first of two runs that make it wins."""
    entry = tmp_path / NAMES[0]
    with new_entry(entry) as place:
        place.mkdir()
        (place / "content").write_text("first")
    with pytest.raises(OSError), new_entry(entry) as place:
        place.mkdir()
        (place / "content").write_text("second")
    assert (entry / "content").read_text() == "first" and left(tmp_path) == [NAMES[0]]


def test_those_used_last_stay(entries, tmp_path):
    mark_used(entries[4])
    remove_oldest(tmp_path, 3)
    assert left(tmp_path) == [NAMES[0], NAMES[1], NAMES[4]]


def test_no_more_bytes_than_allowed(entries, tmp_path):
    entries[0].write_bytes(bytes(1000))  # larger than all that is allowed
    remove_oldest(tmp_path, 5, 250)
    assert left(tmp_path) == NAMES[1:3]


def test_files_of_other_people_are_never_removed(entries, tmp_path):
    foreign = [tmp_path / "song.mp3", tmp_path / ".hidden", tmp_path / "0123"]
    for path in foreign:
        path.touch()
        aged(path, 10**6)
    remove_oldest(tmp_path, 0)
    assert left(tmp_path) == sorted(path.name for path in foreign)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_a_killed_run_left_goes_after_an_hour(entries, tmp_path, kind):
    """Until then somebody may still be making it."""
    place = tmp_path / HALF_MADE
    if kind == "folder":
        place.mkdir()
        (place / "content").touch()
    else:
        place.touch()
    remove_oldest(tmp_path, 5)
    assert left(tmp_path) == sorted([HALF_MADE, *NAMES])
    aged(place, ABANDONED_AFTER + 60)
    remove_oldest(tmp_path, 5)
    assert left(tmp_path) == NAMES


def test_a_link_is_removed_and_not_what_it_leads_to(tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "photo").touch()
    (tmp_path / NAMES[0]).symlink_to(tmp_path / "precious")
    remove(tmp_path / NAMES[0])
    assert left(tmp_path) == ["precious"] and left(tmp_path / "precious") == ["photo"]
