"""From noise to a picture in the schedule's steps, the same picture every time (DDIM, eta 0)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from torch import Tensor

from diff2lip.schedule import Schedule

Predict = Callable[[Tensor, int], Tensor]
"""From a noisy picture and the step's place in the schedule to the noise that is in it."""


@dataclass(frozen=True, eq=False)
class Sample:
    """What a step leaves: after the last one both pictures are the same."""

    noisy: Tensor  # less than before
    clean: Tensor  # as it is expected to become


def sample(predict: Predict, noise: Tensor, schedule: Schedule) -> Iterator[Sample]:
    """Yield what every step leaves, from the most noise to none."""
    noisy = noise
    for step in reversed(range(len(schedule))):
        kept, before = float(schedule.kept[step]), schedule.kept_before(step)
        scale, spread = kept**-0.5, (1 / kept - 1) ** 0.5
        clean = (noisy * scale - predict(noisy, step) * spread).clamp(-1, 1)
        direction = (noisy * scale - clean) / spread  # the noise that leads to the clamped picture
        noisy = clean * before**0.5 + direction * (1 - before) ** 0.5
        yield Sample(noisy, clean)
