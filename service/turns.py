"""In which order owners' jobs start: by rank, then in turn."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Turn:
    """Where an owner stands: what `service.jobs_table.NEXT` orders owners by."""

    owner: str
    rank: int  # of its key; higher ones come first
    running: int  # jobs
    waiting: int
    served: float  # when a job of its was started last

    @property
    def order(self) -> tuple[int, float, str]:
        """Among owners of one rank once they have equally many running jobs.

        Those that have most now start the fewest until then, so their last start is longest ago.
        """
        return -self.running, self.served, self.owner


def jobs_before(own: Turn, earlier: int, others: Iterable[Turn]) -> int:
    """How many jobs start before one that has so many `earlier` ones of its own owner.

    As long as no job ends and none comes: each start is a running job more of its owner's.
    """
    level = own.running + earlier
    return earlier + sum(_starting_before(own, level, other) for other in others)


def _starting_before(own: Turn, level: int, other: Turn) -> int:
    if other.rank != own.rank:
        return other.waiting if other.rank > own.rank else 0
    until = level + (other.order < own.order)
    return max(0, min(other.waiting, until - other.running))
