"""How much noise is left in a picture at each step, in numbers that training has fixed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TRAINED_STEPS = 1000
DEFAULT_STEPS = 25
FIRST_BETA, LAST_BETA = 1e-4, 0.02  # share of noise that the first and the last step add

Shares = NDArray[np.float64]  # (steps,)


@dataclass(frozen=True, eq=False)
class Schedule:
    """The steps that are taken, from the least noise to the most."""

    times: NDArray[np.int64]  # (steps,): which of the trained steps
    kept: Shares  # of the picture in the noisy one, as a variance

    def __post_init__(self) -> None:
        if not 1 <= len(self.times) <= TRAINED_STEPS or self.kept.shape != self.times.shape:
            raise ValueError(f"{self.times.shape} steps with shares {self.kept.shape}")

    @classmethod
    def of(cls, steps: int) -> "Schedule":
        """So many of the trained steps, the first one among them, evenly spaced."""
        times = np.arange(steps, dtype=np.int64) * TRAINED_STEPS // steps
        return cls(times, kept_shares()[times])

    def __len__(self) -> int:
        return len(self.times)

    def kept_before(self, step: int) -> float:
        """The share after the step is undone: all of the picture after the last one."""
        return float(self.kept[step - 1]) if step else 1.0


def kept_shares() -> Shares:
    """(1000,): of the picture, after each of the trained steps."""
    betas = np.linspace(FIRST_BETA, LAST_BETA, TRAINED_STEPS, dtype=np.float64)
    return np.asarray(np.cumprod(1 - betas), np.float64)
