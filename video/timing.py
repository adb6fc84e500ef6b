"""From time stamps, whatever they are, to pictures at a constant rate."""

import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TypeVar

T = TypeVar("T")

STANDARD_RATES = tuple(
    Fraction(rate)
    for rate in (
        *("5", "6", "8", "10", "12", "15", "20"),
        *("24000/1001", "24", "25", "30000/1001", "30", "48", "50", "60000/1001", "60"),
    )
)
MOST = 300  # frames a second that are believed
EARLY = Fraction(1, 4)  # of a frame: pictures less late than this are in time
STEADY = 0.9  # the share of steps that must fit a rate for it to be the file's
JITTER = Fraction(1, 1000)  # seconds: what containers that count in milliseconds do to a step
LONGEST_HOLD = 60  # seconds a picture may stand still before its time stamp is called broken


def output_rate(
    declared: Sequence[Fraction | None], steps: Sequence[Fraction], tick: Fraction
) -> Fraction:
    """A declared rate that the steps between pictures keep (a standard one if there are several),
    else the standard rate nearest to the usual step."""
    rates = [rate for rate in declared if rate and 0 < rate <= MOST]
    if not steps:
        return rates[0] if rates else Fraction(25)
    kept = [rate for rate in rates if _fits(rate, steps, tick)]
    if kept:
        return next((rate for rate in kept if rate in STANDARD_RATES), kept[0])
    middle = statistics.median_low(steps)  # one of them, so that some step is near it
    usual = 1 / statistics.mean(step for step in steps if abs(step - middle) <= middle * EARLY)
    return min(STANDARD_RATES, key=lambda rate: abs(math.log(rate / usual)))


def _fits(rate: Fraction, steps: Sequence[Fraction], tick: Fraction) -> bool:
    slack = min(max(tick, JITTER), EARLY / rate)
    kept = sum(abs(step - 1 / rate) <= slack for step in steps)
    return kept >= STEADY * len(steps)


def repaired(
    times: Iterable[tuple[Fraction | None, T]], step: Fraction, end: Fraction | None
) -> Iterator[tuple[Fraction, bool, T]]:
    """Times that only grow, from 0 on, and whether all of them so far are the file's own.

    A picture without a time, or with one far back or far beyond the file's `end`, comes one
    step after the one before it, and those after it are counted from there.
    """
    last: Fraction | None = None
    zero, own = Fraction(0), True
    for stated, item in times:
        time = None if stated is None else stated - zero
        if last is None:
            zero, last, good = stated or zero, Fraction(0), stated is not None
        elif time is not None and _follows(last, time, end):
            last, good = time, True
        elif time is not None and last - step < time <= last:  # two at once: squeeze it in
            last, good = last + step / 2, False
        else:
            last, good = last + step, False
            zero = zero if stated is None else stated - last
        own = own and good
        yield last, own, item


def _follows(last: Fraction, time: Fraction, end: Fraction | None) -> bool:
    return time > last and (time - last <= LONGEST_HOLD or (end is not None and time <= end))


def constant_rate(
    timed: Iterable[tuple[Fraction, Fraction, T]], rate: Fraction, start: int = 0
) -> Iterator[tuple[int, T]]:
    """(k, the item shown at k / rate) for k from `start` on, of items with their times and how
    long each is shown if no other follows."""
    shown: tuple[Fraction, T] | None = None  # until when if nothing follows, and what
    done = start
    for time, lasts, item in timed:
        if shown is not None:
            until = first_shown(time, rate)
            yield from ((k, shown[1]) for k in range(done, until))
            done = max(done, until)
        shown = time + lasts, item
    if shown is not None:
        until = max(first_shown(shown[0], rate), 1)
        yield from ((k, shown[1]) for k in range(done, until))


def first_shown(time: Fraction, rate: Fraction) -> int:
    """The first output frame that shows what begins at `time`."""
    return max(0, math.floor(time * rate - EARLY) + 1)
