"""A living photo without speech: silence in place of a sound, for a given time."""

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from audio.load import SAMPLE_RATE, Sound
from base.errors import UsageError

MOST_SECONDS = 3600.0


def check_idle(seconds: float, others: Mapping[str, object]) -> None:
    """UsageError for options, by name, that say something of a speech that is not there."""
    wrong = [name for name, value in others.items() if value is not None]
    if seconds and wrong:
        raise UsageError(f"--idle is without speech: leave --{wrong[0]} out")


def silence(seconds: Fraction) -> Sound:
    """At least one sample of it."""
    return Sound(np.zeros(1, np.float32)).with_length(max(1, round(seconds * SAMPLE_RATE)))
