"""From any time stamps to frames at a constant rate."""

import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from functools import reduce
from typing import TypeVar

T = TypeVar("T")

STANDARD_RATES = tuple(
    Fraction(rate)
    for rate in (
        *("5", "6", "8", "10", "12", "15", "20"),
        *("24000/1001", "24", "25", "30000/1001", "30", "48", "50", "60000/1001", "60"),
    )
)
MAX_RATE = 300  # frames a second that are believed
MAX_ANIMATION_RATE = 60
SMOOTH_RATE = 20  # frames a second that lips need; pictures that are shown longer are repeated
LATE = Fraction(1, 4)  # of a frame: a frame less late than this counts as in time
STEADY = 0.9  # the share of steps that must fit a rate for it to be the file's
JITTER = Fraction(1, 1000)  # seconds: how far containers that count in milliseconds move a step
MAX_HOLD = 60  # seconds a frame may stand still before its time stamp counts as broken


def output_rate(
    declared: Sequence[Fraction | None], steps: Sequence[Fraction], tick: Fraction
) -> Fraction:
    """The constant rate for frames that are these steps apart; `tick` is the stream's time base.

    A declared rate that the steps keep, a standard one if there are several; if none is kept, the
    standard rate nearest to the usual step.
    """
    rates = [rate for rate in declared if rate and 0 < rate <= MAX_RATE]
    if not steps:
        return rates[0] if rates else Fraction(25)
    kept = [rate for rate in rates if _fits(rate, steps, tick)]
    if kept:
        return next((rate for rate in kept if rate in STANDARD_RATES), kept[0])
    middle = sorted(steps)[(len(steps) - 1) // 2]  # one of them, so that some step is near it
    near = [step for step in steps if abs(step - middle) <= middle * LATE]
    usual = len(near) / sum(near)
    return min(STANDARD_RATES, key=lambda rate: abs(math.log(rate / usual)))


def animation_rate(durations: Sequence[Fraction]) -> Fraction:
    """The constant rate for pictures shown so long each: lips move at it, so it is not a slow one.

    The standard rate that the pictures keep; else the slowest at which all of them begin in time.
    """
    rate = output_rate((), durations, JITTER)
    common = reduce(_common_step, durations)
    if not _fits(rate, durations, JITTER) and common * MAX_ANIMATION_RATE >= 1:
        rate = 1 / common
    return rate * max(1, math.ceil(SMOOTH_RATE / rate))


def _common_step(first: Fraction, second: Fraction) -> Fraction:
    """The longest step that divides both."""
    denominator = math.lcm(first.denominator, second.denominator)
    return Fraction(math.gcd(int(first * denominator), int(second * denominator)), denominator)


def _fits(rate: Fraction, steps: Sequence[Fraction], tick: Fraction) -> bool:
    tolerance = min(max(tick, JITTER), LATE / rate)
    fitting = sum(abs(step - 1 / rate) <= tolerance for step in steps)
    return fitting >= STEADY * len(steps)


def repair_times(
    times: Iterable[tuple[Fraction | None, T]], step: Fraction, duration: Fraction | None
) -> Iterator[tuple[Fraction, bool, T]]:
    """Times that only grow, from 0 on, and whether all of them so far are the file's own.

    An item without a time, or with one far back or far beyond the file's `duration`, comes one
    step after the item before it, and the times behind it are counted from there.
    """
    last: Fraction | None = None
    zero, own = Fraction(0), True
    for stated, item in times:
        time = None if stated is None else stated - zero
        if last is None:
            zero, last, good = stated or zero, Fraction(0), stated is not None
        elif time is not None and _follows(last, time, duration):
            last, good = time, True
        elif time is not None and last - step < time <= last:  # two at once: squeeze it in
            last, good = last + step / 2, False
        else:
            last, good = last + step, False
            zero = zero if stated is None else stated - last
        own = own and good
        yield last, own, item


def _follows(last: Fraction, time: Fraction, duration: Fraction | None) -> bool:
    """Whether the time can be that of the next frame."""
    return time > last and (time - last <= MAX_HOLD or (duration is not None and time <= duration))


def sample_at_rate(
    timed: Iterable[tuple[Fraction, Fraction, T]], rate: Fraction, start: int = 0
) -> Iterator[tuple[int, T]]:
    """(index, the item shown at index / rate) for every index from `start` on.

    Each item comes with its time and how long it is shown if no other follows.
    """
    current: tuple[Fraction, T] | None = None  # its end if nothing follows, and the item
    index = start
    for time, duration, item in timed:
        if current is not None:
            stop = first_output_index(time, rate)
            yield from ((i, current[1]) for i in range(index, stop))
            index = max(index, stop)
        current = time + duration, item
    if current is not None:
        stop = max(first_output_index(current[0], rate), 1)
        yield from ((i, current[1]) for i in range(index, stop))


def first_output_index(time: Fraction, rate: Fraction) -> int:
    """The first index at the constant rate that shows an item which begins at `time`."""
    return max(0, math.floor(time * rate - LATE) + 1)
