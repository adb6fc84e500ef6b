"""What `--animate` names, and what that needs."""

from pathlib import Path

import pytest

from base.errors import UsageError
from command.flags import parse_options
from options.animation import IDLE, LIVEPORTRAIT, NAMES, check_animation, mover_of
from pipeline.movers import MOVERS


@pytest.mark.parametrize("name", sorted({*NAMES} - {IDLE}))
def test_a_name_is_its_mover(name):
    assert mover_of(name) == name


@pytest.mark.parametrize("folder", ["networks", "./fomm", "/data/fomm", "Idle"])
def test_any_other_word_is_a_folder_for_liveportrait(folder):
    assert mover_of(folder) == LIVEPORTRAIT


@pytest.mark.parametrize("word", [None, IDLE])
def test_a_photo_that_rests_or_sways_has_no_mover(word):
    assert mover_of(word) is None
    check_animation(word, None)


def test_every_name_is_a_mover_that_can_be_loaded():
    assert {*MOVERS} == {*NAMES} - {IDLE} | {LIVEPORTRAIT}


@pytest.mark.parametrize("word", ["fomm", "networks"])
def test_what_has_no_motion_of_its_own_asks_for_one(word):
    with pytest.raises(UsageError, match=f"--animate {word} needs .*--driving_video"):
        check_animation(word, None)
    check_animation(word, Path("nod.mp4"))


@pytest.mark.parametrize(
    ("animate", "motion", "told"),
    [
        ("fomm", "absolute", False),
        ("idle", "absolute", True),
        ("none", "absolute", True),
        ("none", "relative", False),
    ],
)
def test_a_way_of_motion_that_nothing_follows_is_told(animate, motion, told):
    words = ["--face", "a.png", "--text", "hello", "--driving_video", "nod.mp4"]
    notices = parse_options([*words, "--animate", animate, "--motion", motion])[1]
    assert ("--motion changes nothing without --animate fomm" in notices) is told


def test_what_moves_by_itself_asks_for_none():
    check_animation("sadtalker", None)
