"""A motion at another rate: values at even times, and those between two of them."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Protocol, TypeVar

T = TypeVar("T")
Value = TypeVar("Value", covariant=True)


class Track(Protocol[Value]):
    """Values, one after the other."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Value: ...


def resampled(track: Track[T], step: Fraction, between: Callable[[T, T, float], T]) -> Iterator[T]:
    """The values at the places 0, step, 2 step, ... before the end; after the last one it stays.

    `between` is what lies after a part, in 0..1, of the way from one value to the next.
    """
    index = 0
    while (place := index * step) < len(track):
        before = int(place)
        after = min(before + 1, len(track) - 1)
        part = float(place - before)
        yield between(track[before], track[after], part) if part else track[before]
        index += 1
