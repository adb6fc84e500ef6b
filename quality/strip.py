"""A few pictures of a clip, evenly spread, whatever its length."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from base.geometry import Picture
from quality.view import Sight

MOST = 32  # pictures; then every other one is let go


@dataclass(frozen=True, eq=False)
class Shot:
    """The face in one frame, beside the source's."""

    index: int
    after: Picture
    before: Picture | None

    @property
    def change(self) -> float:
        """Levels; 0 where there is nothing to compare with."""
        if self.before is None:
            return 0.0
        return float(np.abs(self.after.astype(np.int16) - self.before).mean())


class Strip:
    """Keeps MOST/2 to MOST shots of what goes by."""

    def __init__(self) -> None:
        self.shots: list[Shot] = []
        self._step = 1

    def watched(self, sights: Iterable[Sight]) -> Iterator[Sight]:
        """The same sights, some of them kept."""
        for sight in sights:
            if sight.crop is not None and sight.index % self._step == 0:
                self._keep(Shot(sight.index, sight.crop, sight.before))
            yield sight

    def _keep(self, shot: Shot) -> None:
        self.shots.append(shot)
        if len(self.shots) > MOST:
            self._step *= 2
            self.shots = [kept for kept in self.shots if kept.index % self._step == 0]


def spread(shots: Sequence[Shot], count: int) -> Sequence[Shot]:
    """So many of them, each from the middle of its share of the time."""
    count = min(count, len(shots))
    return [shots[(2 * i + 1) * len(shots) // (2 * count)] for i in range(count)]


def most_changed(shots: Sequence[Shot], count: int) -> list[Shot]:
    """Those with a source whose mouths differ most from it, in the order of time."""
    compared = [shot for shot in shots if shot.before is not None]
    chosen = sorted(compared, key=lambda shot: shot.change, reverse=True)[:count]
    return sorted(chosen, key=lambda shot: shot.index)
