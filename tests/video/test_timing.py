"""From any time stamps to a constant rate: which rate, and which frame at each of its times."""

from fractions import Fraction
from itertools import pairwise

import pytest

from tests.cases import each
from video.timing import animation_rate, output_rate, repair_times, sample_at_rate

MS = Fraction(1, 1000)
RATES = [Fraction(r) for r in ("24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001")]


def steps(times):
    return [late - early for early, late in pairwise(times)]


def at_rate(times, rate, last=None):
    """The index in `times` of what is shown at each time of the rate."""
    timed = [(Fraction(time), last or 1 / Fraction(rate), i) for i, time in enumerate(times)]
    return [item for _, item in sample_at_rate(timed, Fraction(rate))]


@each("tick", [MS, Fraction(1, 90_000)])
@each("rate", [*RATES, Fraction(2), Fraction(240), Fraction(123, 7)])
def test_a_constant_rate_is_kept_exactly(rate, tick):
    times = [round(i / rate / tick) * tick for i in range(100)]
    assert output_rate([rate, None], steps(times), tick) == rate
    assert at_rate(times, rate) == list(range(100))


def test_a_variable_rate_becomes_a_standard_one_and_not_its_average():
    """At its average rate, frames can be shown up to 850 ms too early or late."""
    times = [Fraction(0)]
    for index in range(134):
        times.append(times[-1] + Fraction(1 if index % 3 else 2, 30))
    average = 134 / times[-1]
    assert output_rate([average], steps(times), Fraction(1, 15360)) == 30
    assert output_rate([Fraction(1000)], [40 * MS, 80 * MS, 40 * MS, 41 * MS], MS) == 25


def test_long_steps_of_a_damaged_file_do_not_change_its_rate():
    """The mean of all steps would be near none of them."""
    assert output_rate([], [40 * MS, 4000 * MS], MS) == 25
    assert output_rate([], [4000 * MS, 40 * MS, 40 * MS, 9000 * MS], MS) == 25


@pytest.mark.parametrize(("jitter", "rate"), [(4, 30), (3, 25), (8, 15)])
def test_a_jittery_camera_gets_its_nominal_rate(jitter, rate):
    times = [Fraction(i, rate) + (i * 7 % (2 * jitter + 1) - jitter) * MS for i in range(200)]
    assert output_rate([Fraction(9000, 301)], steps(times), MS) == rate


def test_one_frame_takes_the_declared_rate():
    assert output_rate([None, Fraction(30)], [], MS) == 30
    assert output_rate([None, Fraction(90_000)], [], MS) == 25


def test_a_standard_rate_goes_before_a_near_one():
    times = [round(i * Fraction(1001, 30000) / MS) * MS for i in range(100)]
    near, exact = Fraction(2997, 100), Fraction(30000, 1001)
    assert output_rate([near, exact, Fraction(1000)], steps(times), MS) == exact
    assert output_rate([near], steps(times), MS) == near


def test_each_output_time_shows_the_frame_that_covers_it():
    times = [0, "0.1", "0.14", "0.5"]
    shown = at_rate([Fraction(time) for time in times], 25)
    #        0 40 80   120 160 ...
    assert shown == [0, 0, 0, 1, *[2] * 9, 3]


def test_the_last_frame_is_shown_as_long_as_it_says():
    assert at_rate([0, Fraction(1, 10)], 10, last=Fraction(1, 2)) == [0, 1, 1, 1, 1, 1]


def test_a_frame_late_by_less_than_a_quarter_is_in_time():
    times = [Fraction(i, 25) + (i % 2) * 9 * MS for i in range(50)]
    assert at_rate(times, 25) == list(range(50))


def test_more_frames_than_output_times_are_passed_over():
    assert at_rate([Fraction(i, 100) for i in range(100)], 25, Fraction(1, 100)) == list(
        range(0, 100, 4)
    )


def test_a_start_in_the_middle_gives_the_same_frames():
    times = [Fraction(i * i, 200) for i in range(40)]
    timed = [(time, Fraction(1, 25), i) for i, time in enumerate(times)]
    whole = list(sample_at_rate(timed, Fraction(25)))
    for start in (1, 17, 60):
        entry = max(i for i, time in enumerate(times) if time <= Fraction(start, 25))
        assert list(sample_at_rate(timed[entry:], Fraction(25), start)) == whole[start:]


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ([5, 6, 7], [0, 1, 2]),
        ([0, None, None, 3], [0, 1, 2, 3]),
        ([None, None, None], [0, 1, 2]),
        ([0, 1, 1, 2, 3], [0, 1, 1.5, 2, 3]),
        ([0, 1, 9999, 3, 4], [0, 1, 2, 3, 4]),
        ([10, 11, 0, 1, 2], [0, 1, 2, 3, 4]),
        ([0, 1, 2, 40, 41], [0, 1, 2, 40, 41]),
    ],
)
def test_broken_times_are_repaired(stated, expected):
    times = [(None if time is None else Fraction(time), None) for time in stated]
    repaired = list(repair_times(times, Fraction(1), Fraction(100)))
    assert [time for time, _, _ in repaired] == expected
    all_own = None not in stated and [time - stated[0] for time in stated] == expected
    assert repaired[-1][1] == all_own


@pytest.mark.parametrize(
    ("milliseconds", "rate"),
    [
        ([40] * 5, "25"),
        ([33, 33, 34] * 4, "30"),
        ([33] * 9, "30"),
        ([100] * 3, "20"),  # at least 20: lips move at this rate, too
        ([1000, 2000], "20"),
        ([70] * 3, "200/7"),
        ([100, 200, 300], "20"),
        ([20, 50], "50"),  # and not 100: the standard rate of the usual one
        ([10_000], "20"),
    ],
)
def test_the_rate_of_an_animation(milliseconds, rate):
    assert animation_rate([value * MS for value in milliseconds]) == Fraction(rate)


@pytest.mark.parametrize("milliseconds", [[100, 200, 300], [70, 140], [40], [1000, 500]])
def test_an_animation_keeps_its_times(milliseconds):
    durations = [value * MS for value in milliseconds]
    rate = animation_rate(durations)
    times = [sum(durations[:index], Fraction(0)) for index in range(len(durations))]
    timed = zip(times, durations, range(len(durations)), strict=True)
    shown = [item for _, item in sample_at_rate(timed, rate)]
    assert [shown.count(index) / rate for index in range(len(durations))] == durations
