"""When eyes blink: 13 to 19 times a minute, at moments as uneven as people's."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

FEWEST, MOST = 13.0, 19.0  # a minute
BLOCK = 60.0  # seconds that have a number of blinks of their own
SHAPE = 2.5  # of the gamma distribution of the gaps between blinks: 1 is pure chance
APART = 0.7  # seconds between two blinks at least
MARGIN = 0.5  # seconds without a blink at both ends
CLOSING, CLOSED, OPENING = (0.06, 0.085), (0.02, 0.04), (0.10, 0.14)  # seconds, least and most


@dataclass(frozen=True)
class Blink:
    """Lids fall faster than they rise. All in seconds."""

    middle: float  # of the moment in which the eyes are closed
    closing: float
    closed: float
    opening: float

    @property
    def start(self) -> float:
        return self.middle - self.closed / 2 - self.closing

    @property
    def end(self) -> float:
        return self.middle + self.closed / 2 + self.opening

    def at(self, time: float) -> float:
        """How far the eyes are closed, 0 to 1."""
        away = abs(time - self.middle) - self.closed / 2
        share = 1 - away / (self.closing if time < self.middle else self.opening)
        share = min(max(share, 0.0), 1.0)
        return share * share * (3 - 2 * share)


@dataclass(frozen=True)
class Blinks:
    """All blinks of a clip, in order."""

    blinks: tuple[Blink, ...]

    @classmethod
    def of(cls, rng: np.random.Generator, seconds: float, fps: float) -> "Blinks":
        """Each is entirely closed at a frame, so that none is seen by half."""
        times = [round(time * fps) / fps for time in _times(rng, seconds)]
        ranges = CLOSING, CLOSED, OPENING
        return cls(tuple(Blink(time, *(rng.uniform(*one) for one in ranges)) for time in times))

    @cached_property
    def _middles(self) -> list[float]:
        return [blink.middle for blink in self.blinks]

    def at(self, time: float) -> float:
        """How far the eyes are closed, 0 to 1."""
        after = bisect_right(self._middles, time)
        near = self.blinks[max(after - 1, 0) : after + 1]
        return max((blink.at(time) for blink in near), default=0.0)


def _times(rng: np.random.Generator, seconds: float) -> Iterator[float]:
    blocks = max(1, round(seconds / BLOCK))
    length = seconds / blocks
    for block in range(blocks):
        start = block * length
        yield from (start + time for time in _times_in_block(rng, length))


def _times_in_block(rng: np.random.Generator, seconds: float) -> list[float]:
    """A number that the rate allows, at uneven gaps that fill the block."""
    free = seconds - 2 * MARGIN
    count = round(seconds * rng.uniform(FEWEST, MOST) / 60)
    count = min(count, int(free / APART) if free > 0 else 0)
    gaps = rng.gamma(SHAPE, size=count + 1)
    spare = max(free - APART * (count - 1), 0.0)
    gaps *= spare / gaps.sum()
    return [float(MARGIN + gaps[: i + 1].sum() + APART * i) for i in range(count)]
