"""The level of each figure, the worst_level of them, and the sentence about it."""

import pytest

from quality.verdict import BOUNDS, Bound, judge, sentence, worst_level

LOW = Bound("a", "A", "ms", 10, 20, "late")
HIGH = Bound("b", "B", "dB", 40, 30, "noise")
GOOD = {bound.meter: bound.passes for bound in BOUNDS}


@pytest.mark.parametrize(
    ("bound", "value", "level"),
    [
        (LOW, 10, "pass"),
        (LOW, 10.1, "look"),
        (LOW, 20, "look"),
        (LOW, 20.1, "fail"),
        (HIGH, 40, "pass"),
        (HIGH, 39.9, "look"),
        (HIGH, 30, "look"),
        (HIGH, 29.9, "fail"),
        (LOW, None, "unknown"),
    ],
)
def test_levels(bound, value, level):
    assert bound.level(value) == level


def test_equal_limits_leave_no_room_for_a_look():
    with pytest.raises(ValueError, match="a look"):
        Bound("a", "A", "ms", 10, 10, "late")


def test_the_worst_figure_decides():
    assert worst_level(judge(GOOD)) == "pass"
    assert worst_level(judge({**GOOD, "seam": 1.2})) == "look"
    assert worst_level(judge({**GOOD, "seam": 1.2, "jitter": 9.0})) == "fail"
    assert worst_level(judge({})) == "unknown"


def test_early_is_as_bad_as_late():
    assert worst_level(judge({"lag_ms": -400.0})) == worst_level(judge({"lag_ms": 400.0})) == "fail"


def test_the_sentence_names_what_decided():
    text = sentence(judge({**GOOD, "seam": 1.2, "jitter": 9.0}))
    assert "fail" in text and "jitter 9" in text and "seam" not in text
    assert "\n" not in text
    assert "all" in sentence(judge(GOOD))


def test_no_meter_has_two_limits():
    assert len({bound.meter for bound in BOUNDS}) == len(BOUNDS)
