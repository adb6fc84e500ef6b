"""A few pictures of a clip, evenly spread, whatever its length."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from base.geometry import Picture
from quality.comparison import ComparedFrame

MOST_SNAPSHOTS = 32  # when there are more, every other one is dropped


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The face in one frame of the result, and in the source where there is one."""

    index: int  # of the frame
    result: Picture
    source: Picture | None

    @property
    def change(self) -> float:
        """The mean difference in levels; 0 where there is nothing to compare with."""
        if self.source is None:
            return 0.0
        return float(np.abs(self.result.astype(np.int16) - self.source).mean())


class Snapshots:
    """Keeps half of MOST_SNAPSHOTS to all of them from the frames that pass by."""

    def __init__(self) -> None:
        self.kept: list[Snapshot] = []
        self._step = 1

    def observe(self, frames: Iterable[ComparedFrame]) -> Iterator[ComparedFrame]:
        """Pass the frames on and keep some of them."""
        for frame in frames:
            if frame.crop is not None and frame.index % self._step == 0:
                self._keep(Snapshot(frame.index, frame.crop, frame.source_crop))
            yield frame

    def _keep(self, snapshot: Snapshot) -> None:
        self.kept.append(snapshot)
        if len(self.kept) > MOST_SNAPSHOTS:
            self._step *= 2
            self.kept = [kept for kept in self.kept if kept.index % self._step == 0]


def evenly_spaced(snapshots: Sequence[Snapshot], count: int) -> Sequence[Snapshot]:
    """At most `count` of them, each from the middle of its share of the time."""
    count = min(count, len(snapshots))
    return [snapshots[(2 * i + 1) * len(snapshots) // (2 * count)] for i in range(count)]


def most_changed(snapshots: Sequence[Snapshot], count: int) -> list[Snapshot]:
    """Those with a source whose faces differ most from it, in the order of time."""
    compared = [snapshot for snapshot in snapshots if snapshot.source is not None]
    chosen = sorted(compared, key=lambda snapshot: snapshot.change, reverse=True)[:count]
    return sorted(chosen, key=lambda snapshot: snapshot.index)
