from pathlib import Path

from batch.roster import Roster
from options.options import Options
from workers.task import Task

OPTIONS = Options(face=Path("f"), audio=Path("a"))


def roster(avatars):
    return Roster((a, Task(n, f"{a}{n}", OPTIONS)) for n, a in enumerate(avatars))


def take(waiting, seats):
    return [waiting.take(seat)[1].name for seat in seats]


def test_a_worker_stays_with_its_avatar():
    waiting = roster("aabbaabb")
    assert take(waiting, [0, 1, 0, 1, 1, 0]) == ["a0", "b2", "a1", "b3", "b6", "a4"]


def test_it_stays_also_where_others_have_stolen_and_more_is_left_elsewhere():
    assert take(roster("aaaabbb"), [0, 1, 2, 3, 0]) == ["a0", "b4", "a1", "a2", "a3"]


def test_an_idle_worker_takes_an_avatar_that_nobody_has_before_it_steals():
    waiting = roster("aaabbc")
    assert take(waiting, [0, 1, 1, 1]) == ["a0", "b3", "b4", "c5"]
    assert take(waiting, [1]) == ["a1"]


def test_it_steals_where_most_is_left():
    waiting = roster("aabbb")
    take(waiting, [0, 1])
    assert take(waiting, [2]) == ["b3"]


def test_everything_is_taken_once():
    waiting = roster("abcabcaab")
    numbers = [waiting.take(n % 4)[1].number for n in range(9)]
    assert sorted(numbers) == list(range(9))
    assert waiting.take(0) is None and len(waiting) == 0


def test_what_is_put_back_is_next():
    waiting = roster("aab")
    avatar, task = waiting.take(0)
    waiting.put_back(avatar, task)
    assert take(waiting, [0]) == ["a0"]
